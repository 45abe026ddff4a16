/**
 * What the multistep solvers share: their latents keep the variance that the model was trained with, and every step is measured
 * in lambda between two noise levels.
 */
import { mix, type Scheduler, type SchedulerStep, type StepOptions } from './scheduler';
import { type Level, levelAt, type SigmaSteps } from './sigmas';
import { checkFalling, checkTimesteps, stepAt } from './timesteps';

export abstract class MultistepSolver implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  /** One per timestep, and the level that the last step leads to. */
  readonly #levels: readonly Level[];

  constructor(config: { num_train_timesteps: number }, { timesteps, sigmas }: SigmaSteps) {
    checkTimesteps(timesteps, config.num_train_timesteps);
    checkFalling(sigmas.slice(0, -1));
    this.timesteps = timesteps;
    this.#levels = sigmas.map(levelAt);
  }

  scaleModelInput(sample: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    return sample;
  }

  abstract step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options?: StepOptions,
  ): SchedulerStep;

  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array<ArrayBuffer> {
    const { alpha, sigma } = this.level(stepAt(this.timesteps, timestep));
    return mix(alpha, original, sigma, noise);
  }

  protected level(stepIndex: number): Level {
    return this.#levels[stepIndex] ?? levelAt(0);
  }
}
