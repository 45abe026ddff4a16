/** What schedulers share: their interface, the noise schedule that training used, and numpy's ways to space timesteps. */
import { z } from 'zod';
import { KinoraError } from '../../errors';

export interface SchedulerStep {
  /** The latents for the next step. */
  prevSample: Float32Array<ArrayBuffer>;
  /** The video without noise, as far as the model can tell at this step. */
  predOriginalSample: Float32Array<ArrayBuffer>;
}

/** The steps of one generation. Latents may have any layout, as long as it stays the same. */
export interface Scheduler {
  /** What the model is given at each step: integers, falling, as many as numInferenceSteps. */
  readonly timesteps: readonly number[];
  /** Standard deviation of the latents to start from. */
  readonly initNoiseSigma: number;
  /**
   * Takes the model's output at `timesteps[stepIndex]` and the latents that it was given. Steps come in order, each once.
   * Stochastic solvers call `randn` once a step, for as many normal values as the latents have.
   */
  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array,
    randn?: (size: number) => Float32Array,
  ): SchedulerStep;
}

/** 1000 nearly everywhere, 4000 in the first models with a cosine schedule. */
const maxTrainTimesteps = 10_000;

/** Keys of scheduler_config.json that say with how much noise the model was trained. */
export const noiseScheduleKeys = {
  num_train_timesteps: z.number().int().min(1).max(maxTrainTimesteps).default(1000),
  beta_start: z.number().positive().max(1).default(0.0001),
  beta_end: z.number().positive().max(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.array(z.number().min(0).max(1)).min(1).max(maxTrainTimesteps).nullish(),
  rescale_betas_zero_snr: z.boolean().default(false),
};

const noiseSchedule = z.object(noiseScheduleKeys);

/** torch keeps all of this in float32, and 1 − alpha magnifies how alpha was rounded, so every step rounds as torch does. */
const f32 = Math.fround;

/** The part of the signal's variance that is left at each training timestep: [num_train_timesteps], float32, falling. */
export function alphasCumprod(config: z.infer<typeof noiseSchedule>): Float32Array<ArrayBuffer> {
  const betas = trainingBetas(config);
  const alphas = cumulativeProduct(betas.map((beta) => 1 - beta));
  if (!config.rescale_betas_zero_snr) return alphas;

  // Zero terminal SNR: https://arxiv.org/abs/2305.08891, algorithm 1
  const roots = alphas.map(Math.sqrt);
  const first = roots[0] ?? 0;
  const last = roots.at(-1) ?? 0;
  const scale = f32(first / f32(first - last));
  const rescaled = roots.map((root) => f32(f32(root - last) * scale) ** 2);
  // by way of betas and back, as in diffusers: it rounds
  return cumulativeProduct(
    rescaled.map((alpha, i) => 1 - f32(1 - (i === 0 ? alpha : f32(alpha / (rescaled[i - 1] ?? 0))))),
  );
}

function trainingBetas(config: z.infer<typeof noiseSchedule>): Float32Array<ArrayBuffer> {
  const { num_train_timesteps: count, beta_start: start, beta_end: end, trained_betas: trained } = config;
  if (trained) {
    if (trained.length === count) return Float32Array.from(trained);
    throw new KinoraError(
      'unsupported-config',
      `scheduler_config.json: trained_betas has ${trained.length} values for num_train_timesteps ${count}.`,
    );
  }
  if (config.beta_schedule === 'linear') return torchLinspace(start, end, count);
  if (config.beta_schedule === 'scaled_linear') {
    return torchLinspace(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
  }
  // Cosine: https://arxiv.org/abs/2102.09672
  const alphaBar = (time: number) => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
}

/** torch.linspace in float32: counted from both ends, one rounding a value. */
function torchLinspace(start: number, end: number, count: number): Float32Array<ArrayBuffer> {
  const [from, to] = [f32(start), f32(end)];
  const step = f32(f32(to - from) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) => {
    if (count === 1) return from;
    return i < Math.floor(count / 2) ? from + step * i : to - step * (count - 1 - i);
  });
}

/** torch.cumprod in float32, which multiplies in double precision. */
function cumulativeProduct(factors: Float32Array): Float32Array<ArrayBuffer> {
  let product = 1;
  return Float32Array.from(factors, (factor) => {
    product *= factor;
    return product;
  });
}

/** numpy.linspace in float64. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return start;
    return i === count - 1 ? stop : start + i * step;
  });
}

/**
 * `round(arange(last, 0, -total / count)) − 1` in numpy. For some counts (61, 103, …) its arange has a value too many, about
 * 1e-13, and diffusers takes one more step, at timestep −1, that spoils the result; here such values are left out.
 */
export function trailingTimesteps(last: number, total: number, count: number): number[] {
  const step = last - (last - total / count);
  const timesteps = Array.from({ length: count }, (_, i) => roundHalfToEven(last - i * step) - 1);
  return timesteps.filter((timestep) => timestep >= 0);
}

/** numpy.round. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Throws KinoraError `invalid-argument` unless `count` is from 1 to the number of timesteps in training. */
export function checkStepCount(count: number, trainTimesteps: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= trainTimesteps) return;
  throw new KinoraError(
    'invalid-argument',
    `numInferenceSteps is ${count}; it must be an integer from 1 to ${trainTimesteps}.`,
  );
}

/** Throws KinoraError `invalid-argument` where so many steps leave the timesteps that the model was trained on. */
export function checkTimesteps(timesteps: readonly number[], trainTimesteps: number): void {
  const outside = timesteps.find((timestep) => timestep < 0 || timestep >= trainTimesteps);
  if (outside === undefined) return;
  throw new KinoraError(
    'invalid-argument',
    `${timesteps.length} steps would need timestep ${outside} of a model that was trained with 0 to ${trainTimesteps - 1}. Take fewer steps.`,
  );
}
