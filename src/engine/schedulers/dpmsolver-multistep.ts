/**
 * DPM-Solver and DPM-Solver++, multistep, orders 1 to 3, with and without noise between the steps:
 * https://arxiv.org/abs/2206.00927, https://arxiv.org/abs/2211.01095. Source: diffusers
 * schedulers/scheduling_dpmsolver_multistep.py.
 */
import { z } from 'zod';
import { KinoraError } from '../../errors';
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

const no = z.literal(false).default(false);

const schema = z
  .object({
    ...noiseScheduleKeys,
    prediction_type: z.enum(['epsilon', 'sample', 'v_prediction']).default('epsilon'),
    timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('linspace'),
    steps_offset: z.number().int().min(0).default(0),
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
    use_karras_sigmas: z.boolean().nullish(),
    use_lu_lambdas: z.boolean().nullish(),
    use_exponential_sigmas: z.boolean().nullish(),
    use_beta_sigmas: no.nullish(),
    use_flow_sigmas: no.nullish(),
    use_dynamic_shifting: no,
    final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
    lambda_min_clipped: z.union([z.number(), z.literal(Number.NEGATIVE_INFINITY)]).default(Number.NEGATIVE_INFINITY),
    // Models that predict variances as well have more channels than latents
    variance_type: z
      .string()
      .refine((type) => !type.startsWith('learned'), 'a model that predicts variances')
      .nullish(),
    thresholding: no,
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

/** A noise level as the solver sees it: x = alpha · video + sigma · noise, and lambda = log(alpha / sigma). */
interface Level {
  alpha: number;
  sigma: number;
  lambda: number;
}

export class DPMSolverMultistepScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #config: DPMSolverConfig;
  /** One for every timestep, and the one that the last step leads to. */
  readonly #levels: readonly Level[];
  /** What the solver integrates, as it was at the newest steps, newest first: the video for dpmsolver++, the noise for dpmsolver. */
  #history: Float32Array[] = [];

  /**
   * `config` is scheduler_config.json, of this class or of another such as DDIMScheduler. Throws KinoraError:
   * `unsupported-config`, and `invalid-argument` for a number of steps that the schedule does not have.
   */
  constructor(config: unknown, numInferenceSteps: number) {
    this.#config = parseConfig(schema, config, 'scheduler_config.json');
    checkStepCount(numInferenceSteps, this.#config.num_train_timesteps);
    const { timesteps, sigmas } = noiseLevels(this.#config, numInferenceSteps);
    checkTimesteps(timesteps, this.#config.num_train_timesteps);
    checkFalling(sigmas.slice(0, -1));
    this.timesteps = timesteps;
    this.#levels = sigmas.map((ratio) => {
      const alpha = 1 / Math.sqrt(ratio * ratio + 1);
      return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) };
    });
  }

  step(
    modelOutput: Float32Array,
    stepIndex: number,
    sample: Float32Array,
    randn?: (size: number) => Float32Array,
  ): SchedulerStep {
    const { algorithm_type: algorithm, solver_order: solverOrder } = this.#config;
    const { original, epsilon } = this.#convert(modelOutput, sample, this.#level(stepIndex));
    const history = stepIndex === 0 ? [] : this.#history;
    this.#history = [algorithm.endsWith('++') ? original : epsilon, ...history].slice(0, solverOrder);
    const noise = algorithm.startsWith('sde') ? drawNoise(sample.length, randn) : undefined;
    return { prevSample: this.#update(sample, stepIndex, noise), predOriginalSample: original };
  }

  #level(index: number): Level {
    return this.#levels[index] ?? { alpha: 1, sigma: 0, lambda: Number.POSITIVE_INFINITY };
  }

  /** Model output → the video and the noise that it says `sample` consists of. */
  #convert(modelOutput: Float32Array, sample: Float32Array, { alpha, sigma }: Level) {
    const { prediction_type: predictionType } = this.#config;
    const original = new Float32Array(sample.length);
    const epsilon = new Float32Array(sample.length);
    for (const [i, x] of sample.entries()) {
      const output = modelOutput[i] ?? 0;
      if (predictionType === 'epsilon') {
        original[i] = (x - sigma * output) / alpha;
        epsilon[i] = output;
      } else if (predictionType === 'sample') {
        original[i] = output;
        epsilon[i] = (x - alpha * output) / sigma;
      } else {
        original[i] = alpha * x - sigma * output;
        epsilon[i] = alpha * output + sigma * x;
      }
    }
    return { original, epsilon };
  }

  /** Fewer than solver_order at the first steps, which have no history, and at the last ones, where it is steadier. */
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
    const [from, to] = [this.#level(stepIndex), this.#level(stepIndex + 1)];
    const h = to.lambda - from.lambda;
    // The last step of sigmas that end at sigma_min already, with final_sigmas_type "sigma_min"
    if (h === 0) return new Float32Array(sample);
    const r0 = (from.lambda - this.#level(stepIndex - 1).lambda) / h;
    const r1 = (this.#level(stepIndex - 1).lambda - this.#level(stepIndex - 2).lambda) / h;

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

function drawNoise(size: number, randn: ((size: number) => Float32Array) | undefined): Float32Array {
  if (randn) return randn(size);
  throw new KinoraError('invalid-argument', 'A stochastic solver (sde-…) needs randn at every step.');
}

/** Timesteps, and sigma / alpha at each of them and after the last: float32, as diffusers keeps them. */
function noiseLevels(config: DPMSolverConfig, count: number): { timesteps: number[]; sigmas: number[] } {
  const alphas = alphasCumprod(config);
  // Close to zero without being zero, so that the first sigma is finite
  if (config.rescale_betas_zero_snr) alphas[alphas.length - 1] = 2 ** -24;
  const trainSigmas = alphas.map((alpha) => Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha)));
  const final = config.final_sigmas_type === 'zero' ? 0 : (trainSigmas[0] ?? 0);
  const sigmas = chosenSigmas(config, trainSigmas, count);
  if (sigmas) {
    const round = sigmas.rounded && config.beta_schedule !== 'squaredcos_cap_v2' ? roundHalfToEven : Math.trunc;
    const logSigmas = trainSigmas.map(Math.log);
    const timesteps = sigmas.values.map((sigma) => round(timestepOf(sigma, logSigmas)));
    return { timesteps, sigmas: [...sigmas.values.map(Math.fround), final] };
  }
  const timesteps = spacedTimesteps(config, alphas, count);
  return { timesteps, sigmas: [...timesteps.map((timestep) => trainSigmas[timestep] ?? 0), final] };
}

/** Levels that are spaced by sigma instead of by timestep, where the config asks for it, and whether their timesteps are rounded. */
function chosenSigmas(
  { use_karras_sigmas: karras, use_lu_lambdas: lu, use_exponential_sigmas: exponential }: DPMSolverConfig,
  trainSigmas: Float32Array,
  count: number,
): { values: number[]; rounded: boolean } | undefined {
  const min = trainSigmas[0] ?? 0;
  const max = trainSigmas.at(-1) ?? 0;
  if (karras) {
    // https://arxiv.org/abs/2206.00364, formula (5) with rho 7
    const [from, to] = [max ** (1 / 7), min ** (1 / 7)];
    return { values: linspace(0, 1, count).map((ramp) => (from + ramp * (to - from)) ** 7), rounded: true };
  }
  if (lu || exponential) {
    // diffusers takes Lu's logarithms in float32
    const [from, to] = [Math.log(max), Math.log(min)].map((value) => (lu ? Math.fround(value) : value));
    return { values: linspace(from ?? 0, to ?? 0, count).map(Math.exp), rounded: Boolean(lu) };
  }
  return undefined;
}

/** Between which two training timesteps `sigma` lies, and where. */
function timestepOf(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(sigma);
  const above = logSigmas.findLastIndex((value) => value <= logSigma);
  const low = Math.min(Math.max(above, 0), logSigmas.length - 2);
  const [lowSigma, highSigma] = [logSigmas[low] ?? 0, logSigmas[low + 1] ?? 0];
  const weight = Math.min(1, Math.max(0, (lowSigma - logSigma) / Math.fround(lowSigma - highSigma)));
  return (1 - weight) * low + weight * (low + 1);
}

function spacedTimesteps(config: DPMSolverConfig, alphas: Float32Array, count: number): number[] {
  const { num_train_timesteps: trainTimesteps, timestep_spacing: spacing, steps_offset: offset } = config;
  const clipped = alphas.filter((alpha) => {
    const lambda = Math.fround(Math.log(Math.sqrt(alpha))) - Math.fround(Math.log(Math.sqrt(Math.fround(1 - alpha))));
    return lambda < config.lambda_min_clipped;
  }).length;
  const last = trainTimesteps - clipped;
  if (spacing === 'trailing') return trailingTimesteps(last, trainTimesteps, count);
  if (spacing === 'linspace') {
    return linspace(0, last - 1, count + 1)
      .map(roundHalfToEven)
      .reverse()
      .slice(0, -1);
  }
  const stride = Math.floor(last / (count + 1));
  return Array.from({ length: count }, (_, i) => (count - i) * stride + offset);
}

/** Two steps at the same level would divide zero by zero; that happens where there are nearly as many steps as in training. */
function checkFalling(sigmas: readonly number[]): void {
  if (sigmas.every((sigma, i) => i === 0 || sigma < (sigmas[i - 1] ?? 0))) return;
  throw new KinoraError(
    'invalid-argument',
    `${sigmas.length} steps are too many for this schedule: two of them would be at the same timestep. Take fewer steps.`,
  );
}
