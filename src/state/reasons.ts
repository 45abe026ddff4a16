/** Why no video can be made with these settings, as sentences for the visitor; empty where one can. */
import { type NumberName, numberNames, numberRules, type Settings, takesEta } from './form';

export function numberProblem(name: NumberName, value: number | null): string | undefined {
  const { label, min, max, multipleOf } = numberRules[name];
  if (value === null) return `${label} is empty.`;
  if (value < min || value > max) return `${label} must be between ${min} and ${max}.`;
  // guidance and eta may be any number; their step only serves the arrows of the field
  if (name !== 'guidance' && name !== 'eta' && value % multipleOf !== 0) {
    return multipleOf === 1 ? `${label} must be a whole number.` : `${label} must be a multiple of ${multipleOf}.`;
  }
  return undefined;
}

/** Of all that needs what browsers give to secure contexts only: storing models, and making videos. */
export const insecureReason =
  'This page was not opened over https or on localhost, so the browser withholds what it needs.';

/**
 * `missing`: it is not stored, and not to be downloaded without being asked for; `unknown`: storage has not answered yet;
 * `unreadable`: storage failed.
 */
export type ModelPlace = 'here' | 'missing' | 'unknown' | 'unreadable';

export function reasonsNotToGenerate(
  settings: Settings,
  browser: { secure: boolean; encodes: boolean },
  model: ModelPlace = 'here',
): string[] {
  const reasons: string[] = [];
  if (!browser.secure) reasons.push(insecureReason);
  else if (!browser.encodes)
    reasons.push(
      'This browser cannot make video files: it has no WebCodecs. A current Chrome, Edge, Firefox or Safari can.',
    );
  if (model === 'unknown') reasons.push('Looking whether the model is here.');
  if (model === 'unreadable') reasons.push('The browser does not tell whether the model is here: Models says why.');
  if (model === 'missing') reasons.push('The model is not on this device yet: download it under Models first.');
  if (settings.prompt.trim() === '') reasons.push('The prompt is empty.');
  for (const name of numberNames) {
    if (name === 'seed' && settings.newSeed) continue;
    if (name === 'eta' && !takesEta(settings)) continue;
    const problem = numberProblem(name, settings[name]);
    if (problem) reasons.push(problem);
  }
  return reasons;
}
