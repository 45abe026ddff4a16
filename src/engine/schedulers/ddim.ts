/** Denoising Diffusion Implicit Models: https://arxiv.org/abs/2010.02502. Source: diffusers schedulers/scheduling_ddim.py. */
import { z } from 'zod';
import { parseConfig } from '../config';
import { addNoiseAt, alphasCumprod, noiseScheduleKeys } from './noise-schedule';
import {
  clamp,
  compatibles,
  drawNoise,
  mix,
  off,
  originalAndNoise,
  predictionType,
  type Scheduler,
  type SchedulerClass,
  type SchedulerStep,
  type SetTimesteps,
  type StepOptions,
} from './scheduler';
import { checkStepCount, checkTimesteps, roundHalfToEven, spacedTimesteps, timestepSpacingKeys } from './timesteps';

const schema = z.object({
  ...noiseScheduleKeys,
  prediction_type: predictionType,
  ...timestepSpacingKeys,
  timestep_spacing: timestepSpacingKeys.timestep_spacing.default('leading'),
  set_alpha_to_one: z.boolean().default(true),
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  thresholding: off,
});

type DDIMConfig = z.infer<typeof schema>;

export const ddim = {
  className: 'DDIMScheduler',
  label: 'DDIM',
  when: 'Simple and reliable.',
  reads: ['eta'],
  compatibles,
  fromConfig(json): SetTimesteps {
    const config = parseConfig(schema, json, 'scheduler_config.json');
    const alphas = alphasCumprod(config);
    return (numInferenceSteps) => new DDIMScheduler(config, alphas, numInferenceSteps);
  },
} as const satisfies SchedulerClass;

const f32 = Math.fround;

class DDIMScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #config: DDIMConfig;
  /** Distance from a timestep to the one that its step leads to, whatever the spacing. */
  readonly #stride: number;
  readonly #alphas: Float32Array;
  readonly #finalAlpha: number;

  constructor(config: DDIMConfig, alphas: Float32Array, numInferenceSteps: number) {
    const { num_train_timesteps: trainTimesteps, set_alpha_to_one: toOne } = config;
    checkStepCount(numInferenceSteps, trainTimesteps);
    this.timesteps = spacedTimesteps(config, numInferenceSteps).map(roundHalfToEven);
    checkTimesteps(this.timesteps, trainTimesteps);
    this.#config = config;
    this.#stride = Math.floor(trainTimesteps / numInferenceSteps);
    this.#alphas = alphas;
    this.#finalAlpha = toOne ? 1 : (alphas[0] ?? 1);
  }

  scaleModelInput(sample: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    return sample;
  }

  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options: StepOptions = {},
  ): SchedulerStep {
    const { prediction_type: type, clip_sample: clip, clip_sample_range: range } = this.#config;
    // 1. the timestep that this step leads to
    const timestep = this.timesteps[stepIndex] ?? 0;
    // 2. alphas, betas
    const alphaProd = this.#alphas[timestep] ?? 0;
    const alphaProdPrev = this.#alphas[timestep - this.#stride] ?? this.#finalAlpha;
    // 3. the predicted video, "predicted x_0" of formula (12), and the noise
    const level = { alpha: Math.sqrt(alphaProd), sigma: Math.sqrt(1 - alphaProd) };
    const { original, epsilon } = originalAndNoise(type, modelOutput, sample, level);
    // 4. clip "predicted x_0"
    if (clip) clamp(original, range);
    // 5. sigma_t(eta), formula (16)
    const eta = options.eta ?? 0;
    const deviation = eta * Math.sqrt(variance(alphaProd, alphaProdPrev));
    // 6. "direction pointing to x_t", and 7. x_{t-1} without noise, formula (12)
    // (from no signal to some at eta 1, zero may round to a negative number)
    const direction = Math.sqrt(Math.max(0, 1 - alphaProdPrev - deviation ** 2));
    const prevSample = mix(Math.sqrt(alphaProdPrev), original, direction, epsilon);
    if (eta === 0) return { prevSample, predOriginalSample: original };
    const noise = drawNoise(sample.length, options);
    return { prevSample: mix(1, prevSample, deviation, noise), predOriginalSample: original };
  }

  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array<ArrayBuffer> {
    return addNoiseAt(this.#alphas, original, noise, timestep);
  }
}

/** In float32, as in torch: 1 − alpha / alphaPrev magnifies the quotient's rounding. */
function variance(alphaProd: number, alphaProdPrev: number): number {
  const betas = f32(f32(1 - alphaProdPrev) / f32(1 - alphaProd));
  return f32(betas * f32(1 - f32(alphaProd / alphaProdPrev)));
}
