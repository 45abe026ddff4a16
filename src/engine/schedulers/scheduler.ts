/** What a scheduler is, and what all of them do with a model's output. */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';

export interface SchedulerStep {
  /** The latents for the next step. */
  prevSample: Float32Array<ArrayBuffer>;
  /** The video without noise, as far as the model can tell at this step. */
  predOriginalSample: Float32Array<ArrayBuffer>;
}

export interface StepOptions {
  /** Normal values for the noise of this step. Called at most once a step, for as many as the latents have. */
  randn?: (size: number) => Float32Array;
  /** How much noise DDIM adds in every step, 0 to 1; the others do not read it. Left out: 0. */
  eta?: number;
}

/** The steps of one generation. Latents may have any layout, as long as it stays the same. */
export interface Scheduler {
  /** What the model is given at each step: falling, as many as numInferenceSteps, with fractions for some schedulers. */
  readonly timesteps: readonly number[];
  /** Standard deviation of the latents to start from. */
  readonly initNoiseSigma: number;
  /** The latents as the model wants to see them at a step. */
  scaleModelInput(sample: Float32Array<ArrayBuffer>, stepIndex: number): Float32Array<ArrayBuffer>;
  /**
   * Takes the model's output at `timesteps[stepIndex]` and the latents, unscaled, that it was given. Steps come in order, each once.
   * @throws KinoraError `invalid-argument` where this step needs noise and there is no `randn`
   */
  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options?: StepOptions,
  ): SchedulerStep;
  /**
   * `original` with as much of `noise` as there is at a timestep of this schedule; both of one size.
   * @throws KinoraError `invalid-argument` for a timestep that this schedule does not have
   */
  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array<ArrayBuffer>;
}

/** Makes the steps of one generation. */
export type SetTimesteps = (numInferenceSteps: number) => Scheduler;

/** What a file of this folder says of itself. */
export interface SchedulerClass {
  /** diffusers' name. */
  readonly className: string;
  /** Its name on the page. */
  readonly label: string;
  /** When to choose it: one sentence. */
  readonly when: string;
  /** What its steps read of the parameters that only some schedulers do. */
  readonly reads?: readonly Exclude<keyof StepOptions, 'randn'>[];
  /** Other classes whose scheduler_config.json it runs from. */
  readonly compatibles: readonly string[];
  /**
   * Reads scheduler_config.json, its own or a compatible one, as diffusers' from_config does: keys that it does not know are
   * ignored, and those that are missing have its own defaults. What comes back is diffusers' set_timesteps.
   * @throws KinoraError `unsupported-config`; and then `invalid-argument` for a number of steps that the schedule does not have
   */
  fromConfig(config: unknown): SetTimesteps;
}

/** diffusers' KarrasDiffusionSchedulers but EDM's, whose noise is another; and LCMScheduler, whose keys mean the same. */
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

/** An option that has to be off. */
export const off = z.literal(false).nullish();

export const predictionType = z.enum(['epsilon', 'sample', 'v_prediction']).default('epsilon');

/** Where x = alpha · video + sigma · noise: the video and the noise that the model says `sample` consists of. */
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

/** Every value brought into ±`range`, in place. */
export function clamp(values: Float32Array, range: number): void {
  for (const [i, value] of values.entries()) values[i] = Math.min(range, Math.max(-range, value));
}

/** `a · x + b · y`, value by value. */
export function mix(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(x, (value, i) => a * value + b * (y[i] ?? 0));
}

/** Noise for a step that cannot do without. Throws KinoraError `invalid-argument` where there is no `randn`. */
export function drawNoise(size: number, { randn }: StepOptions): Float32Array {
  if (randn) return randn(size);
  throw new KinoraError('invalid-argument', 'This scheduler adds noise between the steps and needs randn to draw it.');
}
