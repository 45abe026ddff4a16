/**
 * What Euler's schedulers share: their latents are video + sigma · noise, so they grow with sigma, and the model receives them
 * scaled back to the variance that it was trained with.
 */
import { z } from 'zod';
import { noiseScheduleKeys } from './noise-schedule';
import { mix, originalAndNoise, type Scheduler, type SchedulerStep, type StepOptions } from './scheduler';
import { levelAt, type SigmaSteps } from './sigmas';
import {
  checkFalling,
  checkStepCount,
  checkTimesteps,
  spacedTimesteps,
  stepAt,
  timestepSpacingKeys,
} from './timesteps';

export const scaledBySigmaKeys = {
  ...noiseScheduleKeys,
  ...timestepSpacingKeys,
};

const schema = z.object({ ...scaledBySigmaKeys, prediction_type: z.enum(['epsilon', 'sample', 'v_prediction']) });
type Config = z.infer<typeof schema>;

/** Timesteps spaced according to the config, with sigmas interpolated between those of training. */
export function interpolatedSigmas(config: Config, trainSigmas: Float32Array, count: number): SigmaSteps {
  checkStepCount(count, config.num_train_timesteps);
  const timesteps = spacedTimesteps(config, count).map(Math.fround);
  return { timesteps, sigmas: timesteps.map((timestep) => interpolate(trainSigmas, timestep)) };
}

/** numpy.interp at one position between the values. */
function interpolate(values: Float32Array, at: number): number {
  const low = Math.min(Math.max(0, Math.floor(at)), values.length - 1);
  const from = values[low] ?? 0;
  return ((values[low + 1] ?? from) - from) * (at - low) + from;
}

export abstract class ScaledBySigma implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma: number;
  protected readonly sigmas: readonly number[];
  readonly #predictionType: Config['prediction_type'];

  constructor(config: Config, { timesteps, sigmas }: SigmaSteps) {
    checkTimesteps(timesteps, config.num_train_timesteps);
    this.timesteps = timesteps.map(Math.fround);
    this.sigmas = sigmas.map(Math.fround);
    checkFalling(this.sigmas.slice(0, -1));
    this.#predictionType = config.prediction_type;
    const largest = this.sigmas[0] ?? 0;
    this.initNoiseSigma = config.timestep_spacing === 'leading' ? Math.fround(Math.hypot(largest, 1)) : largest;
  }

  scaleModelInput(sample: Float32Array<ArrayBuffer>, stepIndex: number): Float32Array<ArrayBuffer> {
    const { alpha } = levelAt(this.sigmas[stepIndex] ?? 0);
    return sample.map((value) => value * alpha);
  }

  abstract step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options?: StepOptions,
  ): SchedulerStep;

  /** The video that the model predicts from `sample`, and the derivative of `sample` with respect to sigma. */
  protected predict(modelOutput: Float32Array, stepIndex: number, sample: Float32Array<ArrayBuffer>) {
    const sigma = this.sigmas[stepIndex] ?? 0;
    const scaled = this.scaleModelInput(sample, stepIndex);
    const { original } = originalAndNoise(this.#predictionType, modelOutput, scaled, levelAt(sigma));
    // this is the noise, but computed as in diffusers, because float32 loses much of it when sigma is in the thousands
    const derivative = sample.map((value, i) => Math.fround(value - (original[i] ?? 0)) / sigma);
    return { original, derivative };
  }

  /** One step of Euler's method, from the sigma of this step to another. */
  protected follow(sample: Float32Array, derivative: Float32Array, stepIndex: number, sigma: number) {
    const change = Math.fround(sigma - (this.sigmas[stepIndex] ?? 0));
    return Float32Array.from(sample, (value, i) => value + Math.fround((derivative[i] ?? 0) * change));
  }

  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array<ArrayBuffer> {
    return mix(1, original, this.sigmas[stepAt(this.timesteps, timestep)] ?? 0, noise);
  }
}
