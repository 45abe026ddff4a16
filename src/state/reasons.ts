/** Why no video can be made with these settings, as sentences for the visitor; empty where one can. */
import { type NumberName, numberNames, numberRules, type Settings } from './form';

export function numberProblem(name: NumberName, value: number | null): string | undefined {
  const { label, min, max, multipleOf } = numberRules[name];
  if (value === null) return `${label} is empty.`;
  if (value < min || value > max) return `${label} must be between ${min} and ${max}.`;
  // guidance may be any number; its step only serves the arrows of the field
  if (name !== 'guidance' && value % multipleOf !== 0) {
    return multipleOf === 1 ? `${label} must be a whole number.` : `${label} must be a multiple of ${multipleOf}.`;
  }
  return undefined;
}

/**
 * @param modelIsHere false where the model is not stored, and not to be downloaded without being asked for; undefined where that
 *   is not known yet
 */
export function reasonsNotToGenerate(
  settings: Settings,
  browser: { secure: boolean; encodes: boolean },
  modelIsHere: boolean | undefined = true,
): string[] {
  const reasons: string[] = [];
  if (!browser.secure)
    reasons.push('This page was not opened over https or on localhost, so the browser withholds what it needs.');
  else if (!browser.encodes)
    reasons.push(
      'This browser cannot make video files: it has no WebCodecs. A current Chrome, Edge, Firefox or Safari can.',
    );
  if (modelIsHere === undefined) reasons.push('Looking whether the model is here.');
  else if (!modelIsHere) reasons.push('The model is not on this device yet: download it under Models first.');
  if (settings.prompt.trim() === '') reasons.push('The prompt is empty.');
  for (const name of numberNames) {
    if (name === 'seed' && settings.newSeed) continue;
    const problem = numberProblem(name, settings[name]);
    if (problem) reasons.push(problem);
  }
  return reasons;
}
