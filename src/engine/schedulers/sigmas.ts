/** Noise levels by sigma, the ratio of noise to signal, instead of timestep. */
import { z } from 'zod';
import { off } from './scheduler';
import { linspace } from './timesteps';

/** A noise level as solvers use it: x = alpha · video + sigma · noise, and lambda = log(alpha / sigma). */
export interface Level {
  alpha: number;
  sigma: number;
  lambda: number;
}

/** The level for a ratio of noise to signal. */
export function levelAt(ratio: number): Level {
  const alpha = 1 / Math.sqrt(ratio * ratio + 1);
  return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) };
}

/** Timesteps and sigmas of the steps, float32. */
export interface SigmaSteps {
  timesteps: readonly number[];
  /** One per timestep, and the one that the last step leads to. */
  sigmas: readonly number[];
}

/** Keys of scheduler_config.json that space the levels by sigma. */
export const sigmaSpacingKeys = {
  use_karras_sigmas: z.boolean().nullish(),
  use_exponential_sigmas: z.boolean().nullish(),
  use_beta_sigmas: off,
  sigma_min: z.number().positive().nullish(),
  sigma_max: z.number().positive().nullish(),
};

/** The smallest and largest sigma, from the config or else as given. */
export function sigmaRange(
  { sigma_min: min, sigma_max: max }: { sigma_min?: number | null; sigma_max?: number | null },
  sigmas: readonly [least: number, largest: number],
): { min: number; max: number } {
  return { min: min ?? sigmas[0], max: max ?? sigmas[1] };
}

/** https://arxiv.org/abs/2206.00364, formula (5) with rho 7: `count` of them, decreasing. */
export function karrasSigmas({ min, max }: { min: number; max: number }, count: number): number[] {
  const [from, to] = [max ** (1 / 7), min ** (1 / 7)];
  return linspace(0, 1, count).map((ramp) => (from + ramp * (to - from)) ** 7);
}

/** Evenly spaced in log sigma: `count` of them, decreasing. */
export function exponentialSigmas({ min, max }: { min: number; max: number }, count: number): number[] {
  return linspace(Math.log(max), Math.log(min), count).map(Math.exp);
}

/**
 * The (fractional) training timestep of `sigma`.
 * @param logSigmas those of all training timesteps, increasing
 */
export function timestepOf(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(sigma);
  const above = logSigmas.findLastIndex((value) => value <= logSigma);
  const low = Math.min(Math.max(above, 0), logSigmas.length - 2);
  const [lowSigma, highSigma] = [logSigmas[low] ?? 0, logSigmas[low + 1] ?? 0];
  const weight = Math.min(1, Math.max(0, (lowSigma - logSigma) / Math.fround(lowSigma - highSigma)));
  return (1 - weight) * low + weight * (low + 1);
}
