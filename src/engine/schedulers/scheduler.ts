/** What the schedulers share: their face, and the noise schedule that they read from scheduler_config.json. */
import { z } from 'zod';
import { KinoraError } from '../../errors';

export interface SchedulerStep {
  prevSample: Float32Array<ArrayBuffer>;
  /** The clean sample as the model predicts it at this step. */
  predOriginalSample: Float32Array<ArrayBuffer>;
}

export interface Scheduler {
  /** Descending. */
  readonly timesteps: readonly number[];
  /** Standard deviation of the noise to start from. */
  readonly initNoiseSigma: number;
  /** One step by its index in `timesteps`, in order. `randn` is asked by stochastic solvers only. */
  step(
    modelOutput: Float32Array,
    index: number,
    sample: Float32Array,
    randn: (size: number) => Float32Array,
  ): SchedulerStep;
}

/** Keys of the noise schedule, with diffusers' defaults. */
export const noiseSchedule = {
  num_train_timesteps: z.number().int().positive().default(1000),
  beta_start: z.number().default(0.0001),
  beta_end: z.number().default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.array(z.number()).nullish(),
  rescale_betas_zero_snr: z.boolean().default(false),
  steps_offset: z.number().int().default(0),
  prediction_type: z.enum(['epsilon', 'sample', 'v_prediction']).default('epsilon'),
  thresholding: z.literal(false).optional(),
};
const schema = z.object(noiseSchedule);
export type NoiseSchedule = z.infer<typeof schema>;

/** torch.linspace in float32. */
function linspace32(start: number, end: number, count: number): Float32Array {
  const first = Math.fround(start);
  const last = Math.fround(end);
  const step = Math.fround((last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + step * i : last - step * (count - 1 - i),
  );
}

function betas(config: NoiseSchedule): Float32Array {
  const { trained_betas: trained, beta_start: start, beta_end: end, num_train_timesteps: count } = config;
  if (trained) return Float32Array.from(trained);
  switch (config.beta_schedule) {
    case 'linear':
      return linspace32(start, end, count);
    case 'scaled_linear':
      return linspace32(start ** 0.5, end ** 0.5, count).map((root) => root * root);
    case 'squaredcos_cap_v2': {
      // Nichol & Dhariwal, arXiv 2102.09672
      const alphaBar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
      return Float32Array.from({ length: count }, (_, i) =>
        Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
      );
    }
  }
}

/** torch.cumprod of float32: accumulated in double, stored in single. */
function cumprod(values: Float32Array): Float32Array {
  let product = 1;
  return values.map((value) => {
    product *= value;
    return product;
  });
}

/** Lin et al., arXiv 2305.08891, algorithm 1. */
function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumprod(betas.map((beta) => 1 - beta)).map(Math.sqrt);
  const first = roots[0] ?? 0;
  const last = roots.at(-1) ?? 0;
  const scale = Math.fround(first / Math.fround(first - last));
  const bars = roots.map((root) => Math.fround(root - last) * scale).map((root) => root * root);
  return bars.map((bar, i) => 1 - Math.fround(bar / (i === 0 ? 1 : (bars[i - 1] ?? 1))));
}

/** Cumulative products of 1 − beta: how much of the clean sample is left at each training timestep. */
export function alphasCumprod(config: NoiseSchedule): Float32Array {
  const plain = betas(config);
  const rescaled = config.rescale_betas_zero_snr ? rescaleZeroTerminalSnr(plain) : plain;
  return cumprod(rescaled.map((beta) => 1 - beta));
}

/** numpy's round: halves go to the even neighbour. */
export function round(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** numpy.arange(start, 0, -step). */
export function arangeDown(start: number, step: number): number[] {
  return Array.from({ length: Math.ceil(start / step) }, (_, i) => start - i * step);
}

/** Throws KinoraError `invalid-argument`. */
export function checkSteps(steps: number, { num_train_timesteps: most }: NoiseSchedule): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > most) {
    throw new KinoraError('invalid-argument', `numInferenceSteps must be an integer from 1 to ${most}, not ${steps}.`);
  }
}
