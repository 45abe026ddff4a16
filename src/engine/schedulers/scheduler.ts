/** The interface of schedulers, and what all of them do with a model's output. */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';

/** The result of one step, in the layout of the latents. */
export interface SchedulerStep {
  /** The latents for the next step. */
  prevSample: Float32Array<ArrayBuffer>;
  /** The video without noise, as far as the model can tell at this step. */
  predOriginalSample: Float32Array<ArrayBuffer>;
}

/** Options of a scheduler's steps. */
export interface StepOptions {
  /** Draws normal values for the noise of this step. Called at most once per step, for as many values as the latents have. */
  randn?: (size: number) => Float32Array;
  /** How much noise DDIM adds at every step, 0 to 1; 0 if left out. The others ignore it. */
  eta?: number;
}

/** The steps of one generation. Latents may have any layout, as long as it stays the same. */
export interface Scheduler {
  /** The model's timestep at each step: decreasing, one per step, with fractions for some schedulers. */
  readonly timesteps: readonly number[];
  /** Standard deviation of the latents to start from. */
  readonly initNoiseSigma: number;
  /** Scales the latents as the model expects them at a step. */
  scaleModelInput(sample: Float32Array<ArrayBuffer>, stepIndex: number): Float32Array<ArrayBuffer>;
  /**
   * Takes the model's output at `timesteps[stepIndex]` and the unscaled latents that it was given. Steps must come in order, each
   * once.
   * @throws KinoraError `invalid-argument` if this step needs noise and there is no `randn`
   */
  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options?: StepOptions,
  ): SchedulerStep;
  /**
   * Adds as much of `noise` to `original` as there is at a timestep of this schedule; both have the same size.
   * @throws KinoraError `invalid-argument` for a timestep that this schedule does not have
   */
  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array<ArrayBuffer>;
}

/** Makes the steps of one generation. */
export type SetTimesteps = (numInferenceSteps: number) => Scheduler;

/** How a scheduler's file describes it. */
export interface SchedulerClass {
  /** Class name in diffusers. */
  readonly className: string;
  /** Name on the page. */
  readonly label: string;
  /** When to choose it, in one sentence. */
  readonly when: string;
  /** Of the parameters that only some schedulers read, those that its steps read. */
  readonly reads?: readonly Exclude<keyof StepOptions, 'randn'>[];
  /** Other classes whose scheduler_config.json it can use. */
  readonly compatibles: readonly string[];
  /**
   * Reads scheduler_config.json, its own or a compatible one, as diffusers' from_config does: unknown keys are ignored, and
   * missing ones get its own defaults. The result is diffusers' set_timesteps.
   * @throws KinoraError `unsupported-config`; the returned function throws `invalid-argument` for an impossible number of steps
   */
  fromConfig(config: unknown): SetTimesteps;
}

/** diffusers' KarrasDiffusionSchedulers except EDM's, whose noise differs; and LCMScheduler, whose keys mean the same. */
export const compatibles = [
  'DDIMScheduler',
  'DDPMScheduler',
  'PNDMScheduler',
  'LMSDiscreteScheduler',
  'EulerDiscreteScheduler',
  'HeunDiscreteScheduler',
  'EulerAncestralDiscreteScheduler',
  'DPMSolverMultistepScheduler',
  'DPMSolverSinglestepScheduler',
  'KDPM2DiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'DEISMultistepScheduler',
  'UniPCMultistepScheduler',
  'DPMSolverSDEScheduler',
  'LCMScheduler',
] as const;

/** Schema of an option that has to be off. */
export const off = z.literal(false).nullish();

export const predictionType = z.enum(['epsilon', 'sample', 'v_prediction']).default('epsilon');

/** The video and the noise that `sample` = alpha · video + sigma · noise consists of, according to the model. */
export function originalAndNoise(
  type: z.infer<typeof predictionType>,
  modelOutput: Float32Array,
  sample: Float32Array,
  { alpha, sigma }: { alpha: number; sigma: number },
): { original: Float32Array<ArrayBuffer>; epsilon: Float32Array<ArrayBuffer> } {
  const original = new Float32Array(sample.length);
  const epsilon = new Float32Array(sample.length);
  for (const [i, x] of sample.entries()) {
    const output = modelOutput[i] ?? 0;
    if (type === 'epsilon') {
      original[i] = (x - sigma * output) / alpha;
      epsilon[i] = output;
    } else if (type === 'sample') {
      original[i] = output;
      epsilon[i] = (x - alpha * output) / sigma;
    } else {
      // velocity, https://arxiv.org/abs/2202.00512
      original[i] = alpha * x - sigma * output;
      epsilon[i] = alpha * output + sigma * x;
    }
  }
  return { original, epsilon };
}

/** Clamps every value to ±`range`, in place. */
export function clamp(values: Float32Array, range: number): void {
  for (const [i, value] of values.entries()) values[i] = Math.min(range, Math.max(-range, value));
}

/** `a · x + b · y`, value by value. */
export function mix(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(x, (value, i) => a * value + b * (y[i] ?? 0));
}

/**
 * Noise for a step that needs it.
 * @throws KinoraError `invalid-argument` if there is no `randn`
 */
export function drawNoise(size: number, { randn }: StepOptions): Float32Array {
  if (randn) return randn(size);
  throw new KinoraError('invalid-argument', 'This scheduler adds noise between the steps and needs randn to draw it.');
}
