/**
 * DPM-Solver and DPM-Solver++, multistep, orders 1 to 3, with and without noise between the steps:
 * https://arxiv.org/abs/2206.00927, https://arxiv.org/abs/2211.01095. Source: diffusers
 * schedulers/scheduling_dpmsolver_multistep.py.
 */
import { z } from 'zod';
import { parseConfig } from '../config';
import { MultistepSolver } from './multistep-solver';
import { alphasCumprod, noiseScheduleKeys, trainingSigmas } from './noise-schedule';
import {
  compatibles,
  drawNoise,
  off,
  originalAndNoise,
  predictionType,
  type SchedulerClass,
  type SchedulerStep,
  type SetTimesteps,
  type StepOptions,
} from './scheduler';
import { exponentialSigmas, karrasSigmas, type SigmaSteps, sigmaRange, sigmaSpacingKeys, timestepOf } from './sigmas';
import { checkStepCount, linspace, multistepTimesteps, roundHalfToEven, timestepSpacingKeys } from './timesteps';

const schema = z
  .object({
    ...noiseScheduleKeys,
    prediction_type: predictionType,
    ...timestepSpacingKeys,
    algorithm_type: z
      .enum(['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++', 'deis'])
      .default('dpmsolver++')
      .transform((name) => (name === 'deis' ? 'dpmsolver++' : name)),
    solver_order: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(2),
    solver_type: z
      .enum(['midpoint', 'heun', 'logrho', 'bh1', 'bh2'])
      .default('midpoint')
      .transform((name) => (name === 'heun' ? name : 'midpoint')),
    lower_order_final: z.boolean().default(true),
    euler_at_final: z.boolean().default(false),
    ...sigmaSpacingKeys,
    use_lu_lambdas: z.boolean().nullish(),
    use_flow_sigmas: off,
    use_dynamic_shifting: off,
    final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
    lambda_min_clipped: z.union([z.number(), z.literal(Number.NEGATIVE_INFINITY)]).default(Number.NEGATIVE_INFINITY),
    // models that also predict variances have more channels than latents
    variance_type: z
      .string()
      .refine((type) => !type.startsWith('learned'), 'a model that predicts variances')
      .nullish(),
    thresholding: off,
  })
  .refine(({ algorithm_type: type, final_sigmas_type: last }) => type.endsWith('++') || last === 'sigma_min', {
    path: ['final_sigmas_type'],
    error: 'dpmsolver and sde-dpmsolver cannot reach sigma zero; it must be "sigma_min"',
  })
  .refine(({ algorithm_type: type, solver_order: order }) => type !== 'sde-dpmsolver' || order < 3, {
    path: ['solver_order'],
    error: 'sde-dpmsolver has no third order',
  });

type DPMSolverConfig = z.infer<typeof schema>;

export const dpmSolverMultistep = {
  className: 'DPMSolverMultistepScheduler',
  label: 'DPM++ 2M',
  when: 'Good results in fewer steps.',
  compatibles,
  fromConfig(json): SetTimesteps {
    const config = parseConfig(schema, json, 'scheduler_config.json');
    const trainSigmas = trainingSigmas(config);
    return (numInferenceSteps) =>
      new DPMSolverMultistepScheduler(config, sigmaSteps(config, trainSigmas, numInferenceSteps));
  },
} as const satisfies SchedulerClass;

class DPMSolverMultistepScheduler extends MultistepSolver {
  readonly #config: DPMSolverConfig;
  /** What the solver integrates, at the latest steps, newest first: the video for dpmsolver++, the noise for dpmsolver. */
  #history: Float32Array[] = [];

  constructor(config: DPMSolverConfig, steps: SigmaSteps) {
    super(config, steps);
    this.#config = config;
  }

  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array<ArrayBuffer>,
    options: StepOptions = {},
  ): SchedulerStep {
    const { algorithm_type: algorithm, solver_order: solverOrder, prediction_type: type } = this.#config;
    // 1. what the solver integrates: the video or the noise
    const { original, epsilon } = originalAndNoise(type, modelOutput, sample, this.level(stepIndex));
    const history = stepIndex === 0 ? [] : this.#history;
    this.#history = [algorithm.endsWith('++') ? original : epsilon, ...history].slice(0, solverOrder);
    // 2. noise of the stochastic solvers, 3. the solution at the next level
    const noise = algorithm.startsWith('sde') ? drawNoise(sample.length, options) : undefined;
    return { prevSample: this.#update(sample, stepIndex, noise), predOriginalSample: original };
  }

  /** Below solver_order for the first steps, which have no history, and for the last ones, where that is more stable. */
  #order(stepIndex: number): number {
    const { solver_order: solverOrder, euler_at_final: euler, final_sigmas_type: finalSigmas } = this.#config;
    const count = this.timesteps.length;
    const lowerOrderFinal = this.#config.lower_order_final && count < 15;
    const order = Math.min(solverOrder, stepIndex + 1);
    if (stepIndex === count - 1 && (euler || lowerOrderFinal || finalSigmas === 'zero')) return 1;
    return stepIndex === count - 2 && lowerOrderFinal ? Math.min(order, 2) : order;
  }

  /** The solution at the next level: a Taylor expansion in lambda, its derivatives taken from the history. */
  #update(sample: Float32Array, stepIndex: number, noise: Float32Array | undefined): Float32Array<ArrayBuffer> {
    const { algorithm_type: algorithm, solver_type: solverType } = this.#config;
    const order = this.#order(stepIndex);
    const [from, to] = [this.level(stepIndex), this.level(stepIndex + 1)];
    const h = to.lambda - from.lambda;
    // the last step of sigmas that already end at sigma_min, with final_sigmas_type "sigma_min"
    if (h === 0) return new Float32Array(sample);
    const r0 = (from.lambda - this.level(stepIndex - 1).lambda) / h;
    const r1 = (this.level(stepIndex - 1).lambda - this.level(stepIndex - 2).lambda) / h;

    const stochastic = algorithm.startsWith('sde');
    let keep = to.alpha / from.alpha;
    let scale = stochastic ? -2 * to.sigma : -to.sigma;
    let k = h;
    let noiseFactor = to.sigma * Math.sqrt(Math.expm1(2 * h));
    if (algorithm.endsWith('++')) {
      keep = (to.sigma / from.sigma) * (stochastic ? Math.exp(-h) : 1);
      scale = -to.alpha;
      k = stochastic ? -2 * h : -h;
      noiseFactor = to.sigma * Math.sqrt(-Math.expm1(-2 * h));
    }
    const growth = Math.expm1(k);
    const c0 = scale * growth;
    const c1 = order === 2 && solverType === 'midpoint' ? c0 / 2 : scale * (growth / k - 1);
    // With noise, the series would have −0.5 here too; diffusers has +0.5, and is what we are held to.
    const c2 = scale * ((growth - k) / k ** 2 + (stochastic ? 0.5 : -0.5));

    const [m0, m1, m2] = this.#history;
    return Float32Array.from(sample, (x, i) => {
      const value = m0?.[i] ?? 0;
      let next = keep * x + c0 * value;
      if (noise) next += noiseFactor * (noise[i] ?? 0);
      if (order === 1) return next;
      const before = m1?.[i] ?? 0;
      const slope = (value - before) / r0;
      if (order === 2) return next + c1 * slope;
      const bend = (slope - (before - (m2?.[i] ?? 0)) / r1) / (r0 + r1);
      return next + c1 * (slope + r0 * bend) + c2 * bend;
    });
  }
}

function sigmaSteps(config: DPMSolverConfig, trainSigmas: Float32Array, count: number): SigmaSteps {
  checkStepCount(count, config.num_train_timesteps);
  const final = config.final_sigmas_type === 'zero' ? 0 : (trainSigmas[0] ?? 0);
  const sigmas = chosenSigmas(config, trainSigmas, count);
  if (sigmas) {
    const round = sigmas.rounded && config.beta_schedule !== 'squaredcos_cap_v2' ? roundHalfToEven : Math.trunc;
    const logSigmas = trainSigmas.map(Math.log);
    const timesteps = sigmas.values.map((sigma) => round(timestepOf(sigma, logSigmas)));
    return { timesteps, sigmas: [...sigmas.values.map(Math.fround), final] };
  }
  const timesteps = multistepTimesteps(config, count, lastTimestep(config));
  return { timesteps, sigmas: [...timesteps.map((timestep) => trainSigmas[timestep] ?? 0), final] };
}

/**
 * Levels that are spaced by sigma instead of by timestep, where the config asks for it, and whether their timesteps are rounded.
 */
function chosenSigmas(
  config: DPMSolverConfig,
  trainSigmas: Float32Array,
  count: number,
): { values: number[]; rounded: boolean } | undefined {
  const range = sigmaRange(config, [trainSigmas[0] ?? 0, trainSigmas.at(-1) ?? 0]);
  if (config.use_karras_sigmas) return { values: karrasSigmas(range, count), rounded: true };
  if (config.use_lu_lambdas) {
    // over all trained sigmas, and diffusers takes these logarithms in float32
    const logs = [trainSigmas.at(-1) ?? 0, trainSigmas[0] ?? 0].map((sigma) => Math.fround(Math.log(sigma)));
    return { values: linspace(logs[0] ?? 0, logs[1] ?? 0, count).map(Math.exp), rounded: true };
  }
  if (config.use_exponential_sigmas) return { values: exponentialSigmas(range, count), rounded: false };
  return undefined;
}

/** How many of the trained timesteps there are below those that lambda_min_clipped leaves out. */
function lastTimestep(config: DPMSolverConfig): number {
  const clipped = alphasCumprod(config).filter((alpha, i, { length }) => {
    const kept = config.rescale_betas_zero_snr && i === length - 1 ? 2 ** -24 : alpha;
    const lambda = Math.fround(Math.log(Math.sqrt(kept))) - Math.fround(Math.log(Math.sqrt(Math.fround(1 - kept))));
    return lambda < config.lambda_min_clipped;
  }).length;
  return config.num_train_timesteps - clipped;
}
