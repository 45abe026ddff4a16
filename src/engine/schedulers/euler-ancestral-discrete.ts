/**
 * Ancestral sampling with Euler's method, after k-diffusion's sample_euler_ancestral: a step goes below the next sigma, and noise
 * brings it back. Source: diffusers schedulers/scheduling_euler_ancestral_discrete.py.
 */
import { z } from 'zod';
import { parseConfig } from '../config';
import { trainingSigmas } from './noise-schedule';
import { interpolatedSigmas, ScaledBySigma, scaledBySigmaKeys } from './scaled-by-sigma';
import {
  compatibles,
  drawNoise,
  mix,
  type SchedulerClass,
  type SchedulerStep,
  type SetTimesteps,
  type StepOptions,
} from './scheduler';

const schema = z.object({
  ...scaledBySigmaKeys,
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
});

export const eulerAncestralDiscrete = {
  className: 'EulerAncestralDiscreteScheduler',
  label: 'Euler ancestral',
  when: 'Livelier: it adds noise at every step, so changing the number of steps changes the video.',
  compatibles,
  fromConfig(json): SetTimesteps {
    const config = parseConfig(schema, json, 'scheduler_config.json');
    const trainSigmas = trainingSigmas(config);
    return (numInferenceSteps) => {
      const { timesteps, sigmas } = interpolatedSigmas(config, trainSigmas, numInferenceSteps);
      return new EulerAncestralDiscreteScheduler(config, { timesteps, sigmas: [...sigmas, 0] });
    };
  },
} as const satisfies SchedulerClass;

class EulerAncestralDiscreteScheduler extends ScaledBySigma {
  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options: StepOptions = {},
  ): SchedulerStep {
    const [from = 0, to = 0] = this.sigmas.slice(stepIndex);
    // 1. the predicted video x_0
    const { original, derivative } = this.predict(modelOutput, stepIndex, sample);
    const { up, down } = deviations(from, to);
    // 2. along the derivative of the ODE, and back with noise
    const below = this.follow(sample, derivative, stepIndex, down);
    const noise = drawNoise(sample.length, options);
    return { prevSample: mix(1, below, up, noise), predOriginalSample: original };
  }
}

const f32 = Math.fround;

/** How far below `to` the step goes, and how much noise brings it back; in float32 as in torch, since squares are subtracted. */
function deviations(from: number, to: number): { up: number; down: number } {
  const [fromSquare, toSquare] = [f32(from * from), f32(to * to)];
  const up = f32(Math.sqrt(f32(f32(toSquare * f32(fromSquare - toSquare)) / fromSquare)));
  return { up, down: f32(Math.sqrt(f32(toSquare - f32(up * up)))) };
}
