/** The timesteps of the steps: how they are spaced, computed as in numpy, and which are refused. */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';

/** numpy.linspace in float64. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return start;
    return i === count - 1 ? stop : start + i * step;
  });
}

/**
 * `round(arange(last, 0, -total / count)) − 1` in numpy. For some counts (61, 103, …) its arange has one value too many, about
 * 1e-13, and diffusers takes one more step, at timestep −1, which spoils the result; such values are left out here.
 */
function trailingTimesteps(last: number, total: number, count: number): number[] {
  const step = last - (last - total / count);
  const timesteps = Array.from({ length: count }, (_, i) => roundHalfToEven(last - i * step) - 1);
  return timesteps.filter((timestep) => timestep >= 0);
}

/** Keys of scheduler_config.json that space the timesteps. */
export const timestepSpacingKeys = {
  timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('linspace'),
  steps_offset: z.number().int().min(0).default(0),
};

const timestepSpacing = z.object(timestepSpacingKeys);

/** The timesteps of each spacing: `count` of them, decreasing. */
type TimestepSpacing = z.infer<typeof timestepSpacing> & { num_train_timesteps: number };

/** Spacing for schedulers that compute where each step ends: the last timestep is the smallest. */
export function spacedTimesteps(config: TimestepSpacing, count: number): number[] {
  const { num_train_timesteps: total, timestep_spacing: spacing, steps_offset: offset } = config;
  if (spacing === 'trailing') return trailingTimesteps(total, total, count);
  if (spacing === 'linspace') return linspace(0, total - 1, count).reverse();
  const stride = Math.floor(total / count);
  return Array.from({ length: count }, (_, i) => (count - 1 - i) * stride + offset);
}

/** Spacing for the multistep solvers: one timestep more than there are steps; the smallest is where the last step ends. */
export function multistepTimesteps(
  config: TimestepSpacing,
  count: number,
  last = config.num_train_timesteps,
): number[] {
  const { num_train_timesteps: total, timestep_spacing: spacing, steps_offset: offset } = config;
  if (spacing === 'trailing') return trailingTimesteps(last, total, count);
  if (spacing === 'linspace') {
    return linspace(0, last - 1, count + 1)
      .map(roundHalfToEven)
      .reverse()
      .slice(0, -1);
  }
  const stride = Math.floor(last / (count + 1));
  return Array.from({ length: count }, (_, i) => (count - i) * stride + offset);
}

/** numpy.round. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** @throws KinoraError `invalid-argument` unless `count` is from 1 to the number of training timesteps */
export function checkStepCount(count: number, trainTimesteps: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= trainTimesteps) return;
  throw new KinoraError(
    'invalid-argument',
    `numInferenceSteps is ${count}; it must be an integer from 1 to ${trainTimesteps}.`,
  );
}

/** @throws KinoraError `invalid-argument` if so many steps need timesteps that the model was not trained on */
export function checkTimesteps(timesteps: readonly number[], trainTimesteps: number): void {
  // NaN is outside too
  const outside = timesteps.find((timestep) => !(timestep >= 0 && timestep < trainTimesteps));
  if (outside === undefined) return;
  throw new KinoraError(
    'invalid-argument',
    `${timesteps.length} steps would need timestep ${outside} of a model that was trained with 0 to ${trainTimesteps - 1}. Use fewer steps.`,
  );
}

/** Two steps at the same level would divide zero by zero, which happens with nearly as many steps as training timesteps. */
export function checkFalling(sigmas: readonly number[]): void {
  if (sigmas.every((sigma, i) => i === 0 || sigma < (sigmas[i - 1] ?? 0))) return;
  throw new KinoraError(
    'invalid-argument',
    `${sigmas.length} steps are too many for this schedule: two of them would be at the same timestep. Use fewer steps.`,
  );
}

/**
 * The step at a timestep, like diffusers' index_for_timestep: the second one if several share that timestep.
 * @throws KinoraError `invalid-argument` if there is none
 */
export function stepAt(timesteps: readonly number[], timestep: number): number {
  const first = timesteps.indexOf(timestep);
  const second = timesteps.indexOf(timestep, first + 1);
  if (first >= 0) return Math.max(first, second);
  throw new KinoraError('invalid-argument', `No step of this schedule is at timestep ${timestep}.`);
}
