/**
 * Latent Consistency Models: https://arxiv.org/abs/2310.04378, multistep sampling: every step goes straight to the video, and
 * noise brings it back to the next timestep. Source: diffusers schedulers/scheduling_lcm.py.
 */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';
import { parseConfig } from '../config';
import { addNoiseAt, alphaProdAt, alphasCumprod, noiseScheduleKeys } from './noise-schedule';
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
import { checkStepCount } from './timesteps';

const schema = z
  .object({
    ...noiseScheduleKeys,
    beta_start: noiseScheduleKeys.beta_start.default(0.00085),
    beta_end: noiseScheduleKeys.beta_end.default(0.012),
    beta_schedule: noiseScheduleKeys.beta_schedule.default('scaled_linear'),
    prediction_type: predictionType,
    /** Number of steps that the model was distilled with; a video uses some of them. */
    original_inference_steps: z.number().int().min(1).default(50),
    timestep_scaling: z.number().positive().default(10),
    clip_sample: z.boolean().default(false),
    clip_sample_range: z.number().positive().default(1),
    thresholding: off,
  })
  .refine(({ original_inference_steps: original, num_train_timesteps: trained }) => original <= trained, {
    path: ['original_inference_steps'],
    error: 'it cannot be more than num_train_timesteps',
  });

type LCMConfig = z.infer<typeof schema>;

export const lcm = {
  className: 'LCMScheduler',
  label: 'LCM',
  when: 'Only for models distilled for it: 2 to 8 steps, guidance 1 to 2.',
  compatibles,
  fromConfig(json): SetTimesteps {
    const config = parseConfig(schema, json, 'scheduler_config.json');
    const alphas = alphasCumprod(config);
    return (numInferenceSteps) => new LCMScheduler(config, alphas, numInferenceSteps);
  },
} as const satisfies SchedulerClass;

/** Standard deviation of the data, as in the paper. */
const sigmaData = 0.5;

class LCMScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #config: LCMConfig;
  readonly #alphas: Float32Array;

  constructor(config: LCMConfig, alphas: Float32Array, numInferenceSteps: number) {
    const { num_train_timesteps: trainTimesteps, original_inference_steps: original } = config;
    checkStepCount(numInferenceSteps, trainTimesteps);
    if (numInferenceSteps > original) {
      throw new KinoraError(
        'invalid-argument',
        `numInferenceSteps is ${numInferenceSteps}; LCM takes at most the ${original} of original_inference_steps.`,
      );
    }
    this.#config = config;
    this.#alphas = alphas;
    // an evenly spaced selection of the distillation steps, from the noisiest
    const stride = Math.floor(trainTimesteps / original);
    const skip = original / numInferenceSteps;
    this.timesteps = Array.from(
      { length: numInferenceSteps },
      (_, i) => (original - Math.floor(i * skip)) * stride - 1,
    );
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
    // 1. the next timestep
    const timestep = this.timesteps[stepIndex] ?? 0;
    const next = this.timesteps[stepIndex + 1];
    // 2. alphas, betas
    const alphaProd = alphaProdAt(this.#alphas, timestep);
    // 3. scalings for the boundary condition: at timestep 0 the sample is the video
    const scaled = timestep * this.#config.timestep_scaling;
    const skip = sigmaData ** 2 / (scaled ** 2 + sigmaData ** 2);
    const out = scaled / Math.sqrt(scaled ** 2 + sigmaData ** 2);
    // 4. the predicted video x_0, 5. clipped
    const level = { alpha: Math.sqrt(alphaProd), sigma: Math.sqrt(1 - alphaProd) };
    const { original } = originalAndNoise(type, modelOutput, sample, level);
    if (clip) clamp(original, range);
    // 6. the consistency function
    const denoised = mix(out, original, skip, sample);
    // 7. noise, except after the last step
    if (next === undefined) return { prevSample: denoised, predOriginalSample: denoised };
    return {
      prevSample: this.addNoise(denoised, drawNoise(sample.length, options), next),
      predOriginalSample: denoised,
    };
  }

  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array<ArrayBuffer> {
    return addNoiseAt(this.#alphas, original, noise, timestep);
  }
}
