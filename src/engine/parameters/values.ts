/** Values of the parameters: what is wrong with them, and which values replace those left out. */
import { KinoraError } from '../../shared/errors';
import { type SchedulerDescription, schedulerDescriptions } from '../schedulers/descriptions';
import { type ParameterName, type ParameterValues, parameterNames, parameters } from '.';
import { type ModelLimits, problemWith } from './kinds';

/** What a caller says of a video. What is left out is the checkpoint's own, or the default. */
export interface GenerationParameters extends Partial<ParameterValues> {
  /** What the video shows. */
  prompt: string;
}

/** As the end of a sentence that begins with the parameter's name; undefined if nothing is wrong. */
export function problemOf(name: ParameterName, value: unknown, model?: ModelLimits): string | undefined {
  return problemWith(parameters[name], value, model);
}

/** What is wrong with each given or missing parameter. */
export function problemsOf(given: object, model?: ModelLimits): { name: ParameterName; problem: string }[] {
  const values: Record<string, unknown> = { ...given };
  return parameterNames.flatMap((name) => {
    if (values[name] === undefined && parameters[name].default !== undefined) return [];
    const problem = problemOf(name, values[name], model);
    return problem === undefined ? [] : [{ name, problem }];
  });
}

export function areParameters(given: object): given is GenerationParameters {
  return problemsOf(given).length === 0;
}

/**
 * Fills in the parameters that were left out, from the model's configs if they say, otherwise with the defaults.
 * @param given unknown names in it are ignored
 * @throws KinoraError `invalid-argument`, naming the parameters and their allowed values
 */
export function completeParameters(given: object, model: ModelLimits & Partial<ParameterValues> = {}): ParameterValues {
  const values: Record<string, unknown> = { ...given };
  const complete = Object.fromEntries(
    parameterNames.map((name) => {
      const { ofCheckpoint, default: usual } = parameters[name];
      const suitable = (ofCheckpoint && model[name]) ?? usual;
      return [name, values[name] === undefined ? suitable : values[name]];
    }),
  );
  assertComplete(complete, model);
  return complete;
}

function assertComplete(values: object, model: ModelLimits): asserts values is ParameterValues {
  const problems = problemsOf(values, model).map(({ name, problem }) => `${name} ${problem}`);
  if (problems.length > 0) throw new KinoraError('invalid-argument', `${problems.join('; ')}.`);
}

/** The schedulers that read a parameter; empty for a parameter that is not specific to schedulers. */
export function readersOf(name: ParameterName): SchedulerDescription[] {
  return schedulerDescriptions.filter(({ reads }) => reads.includes(name));
}

/** Whether the chosen scheduler reads the parameter, or it is not specific to schedulers. */
export function matters(name: ParameterName, { scheduler }: Pick<ParameterValues, 'scheduler'>): boolean {
  const readers = readersOf(name);
  return readers.length === 0 || readers.some(({ className }) => className === scheduler);
}
