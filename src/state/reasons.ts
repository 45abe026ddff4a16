/** Why no video can be made with these settings, as sentences for the visitor; empty if one can. */
import { type ParameterName, parameterNames, parameters } from '../engine/parameters';
import type { ModelLimits } from '../engine/parameters/kinds';
import { matters, problemOf } from '../engine/parameters/values';
import type { Settings } from './form';

/** A sentence for the visitor; undefined if the field is valid. */
export function fieldProblem(name: ParameterName, value: unknown, model?: ModelLimits): string | undefined {
  const problem = problemOf(name, value, model);
  return problem && `${parameters[name].label} ${problem}.`;
}

/** Why nothing works outside a secure context, neither storing models nor making videos. */
export const insecureReason =
  'This page was not opened over https or on localhost, so the browser blocks what it needs.';

/**
 * `missing`: it is not stored, and must not be downloaded without consent; `unknown`: storage has not answered yet; `unreadable`:
 * storage failed.
 */
export type ModelPlace = 'here' | 'missing' | 'unknown' | 'unreadable';

export function reasonsNotToGenerate(
  settings: Settings,
  browser: { secure: boolean; encodes: boolean },
  place: ModelPlace = 'here',
  model?: ModelLimits,
): string[] {
  const reasons: string[] = [];
  if (!browser.secure) reasons.push(insecureReason);
  else if (!browser.encodes)
    reasons.push(
      'This browser cannot make video files: it has no WebCodecs. A current Chrome, Edge, Firefox or Safari can.',
    );
  if (place === 'unknown') reasons.push('Checking whether the model is here.');
  if (place === 'unreadable') reasons.push('The browser could not say whether the model is here; Models shows why.');
  if (place === 'missing') reasons.push('The model is not on this device yet: download it under Models first.');
  if (settings.prompt.trim() === '') reasons.push('The prompt is empty.');
  for (const name of parameterNames) {
    if (name === 'seed' && settings.newSeed) continue;
    const problem = matters(name, settings) && fieldProblem(name, settings[name], model);
    if (problem) reasons.push(problem);
  }
  return reasons;
}
