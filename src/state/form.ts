/** The fields of the form, and how they are read back from storage. */
// the page's schemas are zod/mini's: the other half of zod would be a fifth of what it starts with
import { z } from 'zod/mini';
import { type Model, recommendedFor } from '../catalogue/models';
import { isParameterName, type NameOfKind, type ParameterValues, parameters } from '../engine/parameters';
import { problemOf } from '../engine/parameters/values';

/** A parameter each, null where the field of a number is empty. */
export type Settings = Omit<ParameterValues, NameOfKind<'number'>> & {
  [Name in NameOfKind<'number'>]: number | null;
} & {
  /** Draw another seed for every video. */
  newSeed: boolean;
};

/** How earlier versions called parameters in storage. */
const former: Readonly<Record<string, string>> = { steps: 'numInferenceSteps', guidance: 'guidanceScale' };

/** From storage, as far as it can be read; the model's own values for the rest. */
export function parseSettings(json: string | null, model: Model): Settings {
  let stored: unknown = {};
  try {
    stored = JSON.parse(json ?? '{}');
  } catch {
    // written by something else: the model's values it is
  }
  const object = z.catch(z.record(z.string(), z.unknown()), {}).parse(stored);
  const fields = Object.entries(object).map(([name, value]) => [former[name] ?? name, value] as const);
  const kept = Object.fromEntries(fields.filter(([name, value]) => isField(name, value)));
  return { ...recommendedFor(model), newSeed: true, ...kept };
}

/** Numbers may be out of range, as they were typed. */
function isField(name: string, value: unknown): boolean {
  if (name === 'newSeed') return typeof value === 'boolean';
  if (!isParameterName(name)) return false;
  if (parameters[name].kind === 'number') return value === null || Number.isFinite(value);
  return problemOf(name, value) === undefined;
}
