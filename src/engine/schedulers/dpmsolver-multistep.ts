/**
 * DPMSolverMultistepScheduler: DPM-Solver, DPM-Solver++ and their SDE variants, first to third order.
 * Source: Lu et al., arXiv 2206.00927 and 2211.01095; diffusers schedulers/scheduling_dpmsolver_multistep.py.
 */
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

const off = z.literal(false).optional();

const schema = z
  .object({
    ...noiseSchedule,
    solver_order: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(2),
    algorithm_type: z.enum(['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++']).default('dpmsolver++'),
    solver_type: z.enum(['midpoint', 'heun']).default('midpoint'),
    lower_order_final: z.boolean().default(true),
    euler_at_final: z.boolean().default(false),
    use_karras_sigmas: z.boolean().nullish(),
    use_exponential_sigmas: off,
    use_beta_sigmas: off,
    use_lu_lambdas: off,
    use_flow_sigmas: off,
    use_dynamic_shifting: off,
    final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
    lambda_min_clipped: z.number().or(z.literal(Number.NEGATIVE_INFINITY)).default(Number.NEGATIVE_INFINITY),
    variance_type: z.null().optional(),
    timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('linspace'),
  })
  .refine((config) => config.algorithm_type.endsWith('++') || config.final_sigmas_type === 'sigma_min', {
    path: ['final_sigmas_type'],
    message: 'must be sigma_min for algorithm_type dpmsolver and sde-dpmsolver',
  })
  .refine((config) => config.algorithm_type !== 'sde-dpmsolver' || config.solver_order < 3, {
    path: ['solver_order'],
    message: 'must be 1 or 2 for algorithm_type sde-dpmsolver',
  });

type Config = z.infer<typeof schema>;

/** The lowest sigma of the training schedule stands in for this in Karras' schedule. */
const KARRAS_RHO = 7;

function spaced(config: Config, steps: number, alphaBars: Float32Array): number[] {
  const { num_train_timesteps: count, steps_offset: offset, lambda_min_clipped: lowest } = config;
  // lambda falls with the timestep: those below the bound are the last ones
  const clipped = alphaBars.filter((bar) => Math.log(bar / (1 - bar)) / 2 < lowest).length;
  const last = count - clipped;
  switch (config.timestep_spacing) {
    case 'linspace':
      return Array.from({ length: steps }, (_, i) => round(((i + 1) * (last - 1)) / steps)).reverse();
    case 'leading':
      return Array.from({ length: steps }, (_, i) => (i + 1) * Math.floor(last / (steps + 1)) + offset).reverse();
    case 'trailing':
      return arangeDown(last, count / steps).map((t) => round(t) - 1);
  }
}

/** Karras et al., arXiv 2206.00364, equation 5. */
function karras(sigmaMin: number, sigmaMax: number, steps: number): number[] {
  const low = sigmaMin ** (1 / KARRAS_RHO);
  const high = sigmaMax ** (1 / KARRAS_RHO);
  return Array.from(
    { length: steps },
    (_, i) => (high + (steps === 1 ? 0 : i / (steps - 1)) * (low - high)) ** KARRAS_RHO,
  );
}

/** The timestep, not rounded, whose log sigma this is; log sigmas rise. */
function timestepOf(sigma: number, logSigmas: readonly number[]): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  const above = logSigmas.findIndex((value) => value > logSigma);
  const low = Math.min(above === -1 ? logSigmas.length - 2 : Math.max(above - 1, 0), logSigmas.length - 2);
  const from = logSigmas[low] ?? 0;
  const to = logSigmas[low + 1] ?? 0;
  const weight = Math.min(1, Math.max(0, (from - logSigma) / (from - to)));
  return (1 - weight) * low + weight * (low + 1);
}

/** A noise level: the sample is alpha × clean + sigma × noise; lambda is half the log signal-to-noise ratio. */
interface Level {
  alpha: number;
  sigma: number;
  lambda: number;
}

function level(ratio: number): Level {
  const alpha = 1 / Math.sqrt(ratio * ratio + 1);
  const sigma = ratio * alpha;
  return { alpha, sigma, lambda: Math.log(alpha) - Math.log(sigma) };
}

/** Weights of an update: of the sample, of the newest converted output, of its first and second differences, and of noise. */
interface Weights {
  sample: number;
  d0: number;
  d1: number;
  d2: number;
  noise: number;
}

export class DPMSolverMultistepScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #config: Config;
  /** One for each timestep and the one after the last. */
  readonly #levels: readonly Level[];
  /** Converted model outputs, newest last, at most `solver_order`. */
  readonly #outputs: Float32Array[] = [];

  /** Throws KinoraError `unsupported-config` or `invalid-argument`. */
  constructor(config: unknown, numInferenceSteps: number) {
    this.#config = parseConfig(schema, config, 'scheduler/scheduler_config.json');
    checkSteps(numInferenceSteps, this.#config);
    const alphaBars = alphasCumprod(this.#config);
    // not quite pure noise, so that the first sigma is finite
    if (this.#config.rescale_betas_zero_snr) alphaBars[alphaBars.length - 1] = 2 ** -24;
    const trainSigmas = Array.from(alphaBars, (bar) => Math.sqrt((1 - bar) / bar));
    let timesteps = spaced(this.#config, numInferenceSteps, alphaBars);
    let sigmas = timesteps.map((t) => trainSigmas[Math.min(t, trainSigmas.length - 1)] ?? 0);
    const sigmaMin = trainSigmas[0] ?? 0;
    if (this.#config.use_karras_sigmas) {
      sigmas = karras(sigmaMin, trainSigmas.at(-1) ?? 0, numInferenceSteps);
      const logSigmas = trainSigmas.map(Math.log);
      const whole = this.#config.beta_schedule === 'squaredcos_cap_v2' ? Math.trunc : round;
      timesteps = sigmas.map((sigma) => whole(timestepOf(sigma, logSigmas)));
    }
    this.timesteps = timesteps;
    this.#levels = [...sigmas, this.#config.final_sigmas_type === 'zero' ? 0 : sigmaMin].map(level);
  }

  step(
    modelOutput: Float32Array,
    index: number,
    sample: Float32Array,
    randn: (size: number) => Float32Array,
  ): SchedulerStep {
    const from = this.#level(index);
    const { converted, predOriginalSample } = this.#convert(modelOutput, sample, from);
    this.#outputs.push(converted);
    if (this.#outputs.length > this.#config.solver_order) this.#outputs.shift();
    const order = this.#order(index);
    const weights = this.#weights(order, from, this.#level(index + 1));
    const m0 = converted;
    const m1 = this.#outputs.at(-2) ?? m0;
    const m2 = this.#outputs.at(-3) ?? m1;
    const stochastic = this.#config.algorithm_type.startsWith('sde');
    const noise = stochastic ? randn(sample.length) : undefined;
    const { first, second } = this.#differences(order, index);
    const prevSample = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const newest = m0[i] ?? 0;
      const near = newest - (m1[i] ?? 0);
      const far = (m1[i] ?? 0) - (m2[i] ?? 0);
      prevSample[i] =
        weights.sample * (sample[i] ?? 0) +
        weights.d0 * newest +
        weights.d1 * (first.near * near + first.far * far) +
        weights.d2 * (second.near * near + second.far * far) +
        weights.noise * (noise?.[i] ?? 0);
    }
    return { prevSample, predOriginalSample };
  }

  #level(index: number): Level {
    const found = this.#levels[index];
    if (!found) throw new Error(`There is no step ${index}.`);
    return found;
  }

  /** The model's output as what the solver integrates: the clean sample for ++, else the noise. */
  #convert(output: Float32Array, sample: Float32Array, { alpha, sigma }: Level) {
    const { prediction_type: prediction, algorithm_type: algorithm } = this.#config;
    const original = new Float32Array(sample.length);
    const epsilon = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const x = sample[i] ?? 0;
      const y = output[i] ?? 0;
      if (prediction === 'epsilon') {
        original[i] = (x - sigma * y) / alpha;
        epsilon[i] = y;
      } else if (prediction === 'sample') {
        original[i] = y;
        epsilon[i] = (x - alpha * y) / sigma;
      } else {
        original[i] = alpha * x - sigma * y;
        epsilon[i] = alpha * y + sigma * x;
      }
    }
    return { converted: algorithm.endsWith('++') ? original : epsilon, predOriginalSample: original };
  }

  /** Lower orders while there is no history, and at the end, where they are steadier. */
  #order(index: number): 1 | 2 | 3 {
    const {
      solver_order: order,
      lower_order_final: lower,
      euler_at_final: euler,
      final_sigmas_type: final,
    } = this.#config;
    const steps = this.timesteps.length;
    const few = lower && steps < 15;
    if (index === steps - 1 && (euler || few || final === 'zero')) return 1;
    const known = Math.min(order, this.#outputs.length);
    if (known >= 3 && !(index === steps - 2 && few)) return 3;
    return known >= 2 ? 2 : 1;
  }

  /** First and second divided differences over lambda, as weights of (m0 − m1) and (m1 − m2). */
  #differences(order: 1 | 2 | 3, index: number) {
    const none = { near: 0, far: 0 };
    if (order === 1) return { first: none, second: none };
    const h = this.#level(index + 1).lambda - this.#level(index).lambda;
    const r0 = (this.#level(index).lambda - this.#level(index - 1).lambda) / h;
    if (order === 2) return { first: { near: 1 / r0, far: 0 }, second: none };
    const r1 = (this.#level(index - 1).lambda - this.#level(index - 2).lambda) / h;
    const share = r0 / (r0 + r1);
    return {
      first: { near: (1 + share) / r0, far: -share / r1 },
      second: { near: 1 / (r0 * (r0 + r1)), far: -1 / (r1 * (r0 + r1)) },
    };
  }

  /** The exponential integrators of the papers, from level s to level t. */
  #weights(order: 1 | 2 | 3, s: Level, t: Level): Weights {
    const { algorithm_type: algorithm, solver_type: solver } = this.#config;
    const h = t.lambda - s.lambda;
    const midpoint = order === 2 && solver === 'midpoint';
    switch (algorithm) {
      case 'dpmsolver++': {
        const phi = Math.exp(-h) - 1;
        const d1 = midpoint ? -0.5 * t.alpha * phi : t.alpha * (phi / h + 1);
        return {
          sample: t.sigma / s.sigma,
          d0: -t.alpha * phi,
          d1,
          d2: -t.alpha * ((phi + h) / h ** 2 - 0.5),
          noise: 0,
        };
      }
      case 'dpmsolver': {
        const phi = Math.exp(h) - 1;
        const d1 = midpoint ? -0.5 * t.sigma * phi : -t.sigma * (phi / h - 1);
        return {
          sample: t.alpha / s.alpha,
          d0: -t.sigma * phi,
          d1,
          d2: -t.sigma * ((phi - h) / h ** 2 - 0.5),
          noise: 0,
        };
      }
      case 'sde-dpmsolver++': {
        const phi = 1 - Math.exp(-2 * h);
        const d1 = midpoint ? 0.5 * t.alpha * phi : t.alpha * (phi / (-2 * h) + 1);
        const d2 = t.alpha * ((phi - 2 * h) / (2 * h) ** 2 - 0.5);
        return {
          sample: (t.sigma / s.sigma) * Math.exp(-h),
          d0: t.alpha * phi,
          d1,
          d2,
          noise: t.sigma * Math.sqrt(phi),
        };
      }
      case 'sde-dpmsolver': {
        const phi = Math.exp(h) - 1;
        const d1 = midpoint ? -t.sigma * phi : -2 * t.sigma * (phi / h - 1);
        const noise = t.sigma * Math.sqrt(Math.exp(2 * h) - 1);
        return { sample: t.alpha / s.alpha, d0: -2 * t.sigma * phi, d1, d2: 0, noise };
      }
    }
  }
}
