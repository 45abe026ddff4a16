/**
 * DDIM: https://arxiv.org/abs/2010.02502, formulas (12) and (16) with eta 0, so without noise between the steps.
 * Source: diffusers schedulers/scheduling_ddim.py.
 */
import { z } from 'zod';
import { parseConfig } from '../config';
import {
  alphasCumprod,
  checkStepCount,
  checkTimesteps,
  linspace,
  noiseScheduleKeys,
  roundHalfToEven,
  type Scheduler,
  type SchedulerStep,
  trailingTimesteps,
} from './scheduler';

const schema = z.object({
  ...noiseScheduleKeys,
  prediction_type: z.enum(['epsilon', 'sample', 'v_prediction']).default('epsilon'),
  timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('leading'),
  steps_offset: z.number().int().min(0).default(0),
  set_alpha_to_one: z.boolean().default(true),
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  thresholding: z.literal(false).default(false),
});

type DDIMConfig = z.infer<typeof schema>;

export class DDIMScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #config: DDIMConfig;
  /** From a timestep to the one that its step leads to, whatever the spacing. */
  readonly #stride: number;
  readonly #alphas: Float32Array;
  readonly #finalAlpha: number;

  /**
   * `config` is scheduler_config.json, of this class or of another. Throws KinoraError: `unsupported-config`, and
   * `invalid-argument` for a number of steps that the schedule does not have.
   */
  constructor(config: unknown, numInferenceSteps: number) {
    this.#config = parseConfig(schema, config, 'scheduler_config.json');
    const { num_train_timesteps: trainTimesteps, set_alpha_to_one: toOne } = this.#config;
    checkStepCount(numInferenceSteps, trainTimesteps);
    this.timesteps = spacedTimesteps(this.#config, numInferenceSteps);
    checkTimesteps(this.timesteps, trainTimesteps);
    this.#stride = Math.floor(trainTimesteps / numInferenceSteps);
    this.#alphas = alphasCumprod(this.#config);
    this.#finalAlpha = toOne ? 1 : (this.#alphas[0] ?? 1);
  }

  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array): SchedulerStep {
    const { prediction_type: predictionType, clip_sample: clip, clip_sample_range: range } = this.#config;
    const timestep = this.timesteps[stepIndex] ?? 0;
    const alphaProd = this.#alphas[timestep] ?? 0;
    const alphaProdPrev = this.#alphas[timestep - this.#stride] ?? this.#finalAlpha;
    const [alpha, sigma] = [Math.sqrt(alphaProd), Math.sqrt(1 - alphaProd)];
    const [alphaPrev, sigmaPrev] = [Math.sqrt(alphaProdPrev), Math.sqrt(1 - alphaProdPrev)];
    const prevSample = new Float32Array(sample.length);
    const predOriginalSample = new Float32Array(sample.length);
    for (const [i, x] of sample.entries()) {
      const output = modelOutput[i] ?? 0;
      let original = output;
      let epsilon = output;
      if (predictionType === 'epsilon') {
        original = (x - sigma * output) / alpha;
      } else if (predictionType === 'sample') {
        epsilon = (x - alpha * output) / sigma;
      } else {
        original = alpha * x - sigma * output;
        epsilon = alpha * output + sigma * x;
      }
      if (clip) original = Math.min(range, Math.max(-range, original));
      predOriginalSample[i] = original;
      prevSample[i] = alphaPrev * original + sigmaPrev * epsilon;
    }
    return { prevSample, predOriginalSample };
  }
}

function spacedTimesteps(config: DDIMConfig, count: number): number[] {
  const { num_train_timesteps: trainTimesteps, timestep_spacing: spacing, steps_offset: offset } = config;
  if (spacing === 'linspace') {
    return linspace(0, trainTimesteps - 1, count)
      .map(roundHalfToEven)
      .reverse();
  }
  if (spacing === 'trailing') return trailingTimesteps(trainTimesteps, trainTimesteps, count);
  const stride = Math.floor(trainTimesteps / count);
  return Array.from({ length: count }, (_, i) => (count - 1 - i) * stride + offset);
}
