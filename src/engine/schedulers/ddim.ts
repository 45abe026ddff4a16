/** DDIMScheduler with eta 0. Source: Song et al., arXiv 2010.02502; diffusers schedulers/scheduling_ddim.py. */
import { z } from 'zod';
import { parseConfig } from '../config';
import {
  alphasCumprod,
  arangeDown,
  checkSteps,
  noiseSchedule,
  round,
  type Scheduler,
  type SchedulerStep,
} from './scheduler';

const schema = z.object({
  ...noiseSchedule,
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  set_alpha_to_one: z.boolean().default(true),
  timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('leading'),
});

type Config = z.infer<typeof schema>;

function spaced(config: Config, steps: number): number[] {
  const { num_train_timesteps: count, steps_offset: offset } = config;
  switch (config.timestep_spacing) {
    case 'linspace':
      return Array.from({ length: steps }, (_, i) =>
        round(steps === 1 ? 0 : (i * (count - 1)) / (steps - 1)),
      ).reverse();
    case 'leading':
      return Array.from({ length: steps }, (_, i) => i * Math.floor(count / steps) + offset).reverse();
    case 'trailing':
      return arangeDown(count, count / steps).map((t) => round(t) - 1);
  }
}

export class DDIMScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #config: Config;
  readonly #alphasCumprod: Float32Array;
  /** Training timesteps between two steps. */
  readonly #stride: number;

  /** Throws KinoraError `unsupported-config` or `invalid-argument`. */
  constructor(config: unknown, numInferenceSteps: number) {
    this.#config = parseConfig(schema, config, 'scheduler/scheduler_config.json');
    checkSteps(numInferenceSteps, this.#config);
    this.#alphasCumprod = alphasCumprod(this.#config);
    this.timesteps = spaced(this.#config, numInferenceSteps);
    this.#stride = Math.floor(this.#config.num_train_timesteps / numInferenceSteps);
  }

  step(modelOutput: Float32Array, index: number, sample: Float32Array): SchedulerStep {
    const {
      prediction_type: prediction,
      clip_sample: clip,
      clip_sample_range: range,
      set_alpha_to_one: one,
    } = this.#config;
    const timestep = this.timesteps[index] ?? 0;
    const previous = timestep - this.#stride;
    const alphaBar = this.#alphasCumprod[timestep] ?? 1;
    const alphaBarPrevious =
      previous >= 0 ? (this.#alphasCumprod[previous] ?? 1) : one ? 1 : (this.#alphasCumprod[0] ?? 1);
    const alpha = Math.sqrt(alphaBar);
    const sigma = Math.sqrt(1 - alphaBar);
    const alphaPrevious = Math.sqrt(alphaBarPrevious);
    const sigmaPrevious = Math.sqrt(1 - alphaBarPrevious);

    const predOriginalSample = new Float32Array(sample.length);
    const prevSample = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const x = sample[i] ?? 0;
      const output = modelOutput[i] ?? 0;
      let original: number;
      let epsilon: number;
      if (prediction === 'epsilon') {
        original = (x - sigma * output) / alpha;
        epsilon = output;
      } else if (prediction === 'sample') {
        original = output;
        epsilon = (x - alpha * output) / sigma;
      } else {
        original = alpha * x - sigma * output;
        epsilon = alpha * output + sigma * x;
      }
      if (clip) original = Math.max(-range, Math.min(range, original));
      predOriginalSample[i] = original;
      prevSample[i] = alphaPrevious * original + sigmaPrevious * epsilon;
    }
    return { prevSample, predOriginalSample };
  }
}
