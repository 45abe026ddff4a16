/**
 * Euler's method: https://arxiv.org/abs/2206.00364, algorithm 1 without its second half. Source: diffusers
 * schedulers/scheduling_euler_discrete.py.
 */
import { z } from 'zod';
import { parseConfig } from '../config';
import { trainingSigmas } from './noise-schedule';
import { interpolatedSigmas, ScaledBySigma, scaledBySigmaKeys } from './scaled-by-sigma';
import { compatibles, predictionType, type SchedulerClass, type SchedulerStep, type SetTimesteps } from './scheduler';
import { exponentialSigmas, karrasSigmas, type SigmaSteps, sigmaRange, sigmaSpacingKeys, timestepOf } from './sigmas';

const schema = z
  .object({
    ...scaledBySigmaKeys,
    ...sigmaSpacingKeys,
    prediction_type: predictionType,
    interpolation_type: z.literal('linear').default('linear'),
    timestep_type: z.literal('discrete').default('discrete'),
    final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  })
  .refine(({ use_karras_sigmas: karras, use_exponential_sigmas: exponential }) => !(karras && exponential), {
    path: ['use_exponential_sigmas'],
    error: 'it excludes use_karras_sigmas',
  });

type EulerConfig = z.infer<typeof schema>;

export const eulerDiscrete = {
  className: 'EulerDiscreteScheduler',
  label: 'Euler',
  when: 'Much like DDIM; many published models use it.',
  compatibles,
  fromConfig(json): SetTimesteps {
    const config = parseConfig(schema, json, 'scheduler_config.json');
    const trainSigmas = trainingSigmas(config);
    return (numInferenceSteps) =>
      new EulerDiscreteScheduler(config, sigmaSteps(config, trainSigmas, numInferenceSteps));
  },
} as const satisfies SchedulerClass;

class EulerDiscreteScheduler extends ScaledBySigma {
  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array<ArrayBuffer>): SchedulerStep {
    // 1. the predicted video x_0, and 2. the derivative of the ODE
    const { original, derivative } = this.predict(modelOutput, stepIndex, sample);
    const next = this.sigmas[stepIndex + 1] ?? 0;
    return { prevSample: this.follow(sample, derivative, stepIndex, next), predOriginalSample: original };
  }
}

function sigmaSteps(config: EulerConfig, trainSigmas: Float32Array, count: number): SigmaSteps {
  const steps = interpolatedSigmas(config, trainSigmas, count);
  const final = config.final_sigmas_type === 'zero' ? 0 : (trainSigmas[0] ?? 0);
  const { use_karras_sigmas: karras, use_exponential_sigmas: exponential } = config;
  if (!karras && !exponential) return { ...steps, sigmas: [...steps.sigmas, final] };
  // between the first and last sigma of the timesteps, not of training
  const range = sigmaRange(config, [steps.sigmas.at(-1) ?? 0, steps.sigmas[0] ?? 0]);
  const sigmas = karras ? karrasSigmas(range, count) : exponentialSigmas(range, count);
  const logSigmas = trainSigmas.map(Math.log);
  return { timesteps: sigmas.map((sigma) => timestepOf(sigma, logSigmas)), sigmas: [...sigmas, final] };
}
