/**
 * UniPC, a unified predictor (UniP) and corrector (UniC), with B(h): https://arxiv.org/abs/2302.04867. Source: diffusers
 * schedulers/scheduling_unipc_multistep.py.
 */
import { z } from 'zod';
import { parseConfig } from '../config';
import { MultistepSolver } from './multistep-solver';
import { noiseScheduleKeys, trainingSigmas } from './noise-schedule';
import {
  compatibles,
  off,
  originalAndNoise,
  predictionType,
  type SchedulerClass,
  type SchedulerStep,
  type SetTimesteps,
} from './scheduler';
import { exponentialSigmas, karrasSigmas, type SigmaSteps, sigmaRange, sigmaSpacingKeys, timestepOf } from './sigmas';
import { checkStepCount, multistepTimesteps, roundHalfToEven, timestepSpacingKeys } from './timesteps';

const schema = z
  .object({
    ...noiseScheduleKeys,
    ...sigmaSpacingKeys,
    prediction_type: predictionType,
    ...timestepSpacingKeys,
    solver_order: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(2),
    solver_type: z
      .enum(['bh1', 'bh2', 'midpoint', 'heun', 'logrho'])
      .default('bh2')
      .transform((name) => (name === 'bh1' ? name : 'bh2')),
    predict_x0: z.boolean().default(true),
    lower_order_final: z.boolean().default(true),
    /** Steps after which the corrector is skipped. */
    disable_corrector: z.array(z.number().int()).default([]),
    solver_p: z.null().optional(),
    final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
    use_flow_sigmas: off,
    use_dynamic_shifting: off,
    shift_terminal: z.null().optional(),
    thresholding: off,
  })
  .refine(({ use_karras_sigmas: karras, use_exponential_sigmas: exponential }) => !(karras && exponential), {
    path: ['use_exponential_sigmas'],
    error: 'it excludes use_karras_sigmas',
  })
  // otherwise the last step would be infinity times zero, or zero divided by zero
  .refine(
    ({
      final_sigmas_type: last,
      solver_type: solver,
      predict_x0: video,
      lower_order_final: lower,
      solver_order: order,
    }) => last === 'sigma_min' || (solver === 'bh2' && video && (lower || order === 1)),
    {
      path: ['final_sigmas_type'],
      error: 'only bh2 with predict_x0 and lower_order_final can reach sigma zero; it must be "sigma_min"',
    },
  )
  // those already end at sigma_min, and the third order would divide by the length of the last step
  .refine(
    ({
      use_karras_sigmas: karras,
      use_exponential_sigmas: exponential,
      lower_order_final: lower,
      solver_order: order,
    }) => !(karras || exponential) || lower || order < 3,
    { path: ['lower_order_final'], error: 'sigmas spaced by themselves and solver_order 3 need it' },
  );

type UniPCConfig = z.infer<typeof schema>;

export const uniPCMultistep = {
  className: 'UniPCMultistepScheduler',
  label: 'UniPC',
  when: 'Made for very few steps, 5 to 10.',
  compatibles,
  fromConfig(json): SetTimesteps {
    const config = parseConfig(schema, json, 'scheduler_config.json');
    const trainSigmas = trainingSigmas(config);
    return (numInferenceSteps) =>
      new UniPCMultistepScheduler(config, sigmaSteps(config, trainSigmas, numInferenceSteps));
  },
} as const satisfies SchedulerClass;

class UniPCMultistepScheduler extends MultistepSolver {
  readonly #config: UniPCConfig;
  /** What the solver integrates, at the latest steps, newest first: the video, or the noise without predict_x0. */
  #history: Float32Array[] = [];
  /** What the latest step started from, and its order. */
  #last: { sample: Float32Array<ArrayBuffer>; order: number } | undefined;

  constructor(config: UniPCConfig, steps: SigmaSteps) {
    super(config, steps);
    this.#config = config;
  }

  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array<ArrayBuffer>): SchedulerStep {
    const { prediction_type: type, predict_x0: video, solver_order: solverOrder } = this.#config;
    if (stepIndex === 0) {
      this.#history = [];
      this.#last = undefined;
    }
    // 1. what the solver integrates: the video or the noise
    const { original, epsilon } = originalAndNoise(type, modelOutput, sample, this.level(stepIndex));
    const value = video ? original : epsilon;
    // 2. UniC: the previous step once more, now that the model has been evaluated at its end
    const corrected =
      this.#last && !this.#config.disable_corrector.includes(stepIndex - 1)
        ? this.#update(stepIndex - 1, this.#last.sample, this.#last.order, value)
        : sample;
    // 3. UniP: the step itself, of lower order for the first steps, which have no history, and for the last ones
    this.#history = [value, ...this.#history].slice(0, solverOrder);
    const left = this.#config.lower_order_final ? this.timesteps.length - stepIndex : solverOrder;
    const order = Math.min(solverOrder, left, stepIndex + 1);
    this.#last = { sample: corrected, order };
    return { prevSample: this.#update(stepIndex, corrected, order), predOriginalSample: original };
  }

  /**
   * The solution one level after `stepIndex`: by UniP, or, given the value `reached` there, by UniC. `#history` begins with the
   * value at `stepIndex`.
   */
  #update(stepIndex: number, x: Float32Array, order: number, reached?: Float32Array): Float32Array<ArrayBuffer> {
    const { predict_x0: video } = this.#config;
    const [from, to] = [this.level(stepIndex), this.level(stepIndex + 1)];
    const h = to.lambda - from.lambda;
    const [m0 = new Float32Array(x.length), ...before] = this.#history;
    const ratios = before.slice(0, order - 1).map((_, i) => (this.level(stepIndex - 1 - i).lambda - from.lambda) / h);
    const { growth, bh, weights } = this.#weights(video ? -h : h, ratios, order, reached !== undefined);
    const keep = video ? to.sigma / from.sigma : to.alpha / from.alpha;
    const scale = video ? to.alpha : to.sigma;
    // differences D, each with its weight
    const terms = weights.map((weight, i) => {
      const newest = i === ratios.length;
      return { weight: newest ? weight : weight / (ratios[i] ?? 1), value: newest ? reached : before[i] };
    });
    return Float32Array.from(x, (start, i) => {
      const m = m0[i] ?? 0;
      let sum = 0;
      for (const { weight, value } of terms) sum += weight * ((value?.[i] ?? 0) - m);
      return keep * start - scale * (growth * m + bh * sum);
    });
  }

  /** The weights that make the differences exact up to `order`: the paper's vector a, diffusers' rhos. */
  #weights(hh: number, ratios: readonly number[], order: number, corrector: boolean) {
    const growth = Math.expm1(hh);
    const bh = this.#config.solver_type === 'bh1' ? hh : growth;
    const places = [...ratios, 1];
    const rows: number[][] = [];
    const sides: number[] = [];
    let phi = growth / hh - 1;
    let factorial = 1;
    for (let i = 1; i <= order; i++) {
      rows.push(places.map((place) => place ** (i - 1)));
      sides.push((phi * factorial) / bh);
      factorial *= i + 1;
      phi = phi / hh - 1 / factorial;
    }
    const count = corrector ? order : order - 1;
    // diffusers uses one half for the shortest sums, whatever the equations give
    if (count === 1) return { growth, bh, weights: [0.5] };
    const weights = solve(
      rows.slice(0, count).map((row) => row.slice(0, count)),
      sides.slice(0, count),
    );
    return { growth, bh, weights };
  }
}

function sigmaSteps(config: UniPCConfig, trainSigmas: Float32Array, count: number): SigmaSteps {
  checkStepCount(count, config.num_train_timesteps);
  const { use_karras_sigmas: karras, use_exponential_sigmas: exponential } = config;
  const [least = 0] = trainSigmas;
  if (!karras && !exponential) {
    const timesteps = multistepTimesteps(config, count);
    const final = config.final_sigmas_type === 'zero' ? 0 : least;
    return { timesteps, sigmas: [...timesteps.map((timestep) => trainSigmas[timestep] ?? 0), final] };
  }
  const range = sigmaRange(config, [least, trainSigmas.at(-1) ?? 0]);
  const sigmas = karras ? karrasSigmas(range, count) : exponentialSigmas(range, count);
  const logSigmas = trainSigmas.map(Math.log);
  const round = karras ? roundHalfToEven : Math.trunc;
  const timesteps = sigmas.map((sigma) => round(timestepOf(sigma, logSigmas)));
  const last = config.final_sigmas_type === 'zero' ? 0 : (sigmas.at(-1) ?? 0);
  return { timesteps, sigmas: [...sigmas, last].map(Math.fround) };
}

/** Solves linear equations by Gaussian elimination with pivoting. */
function solve(rows: readonly (readonly number[])[], sides: readonly number[]): number[] {
  const [first, ...others] = rows
    .map((row, i) => [...row, sides[i] ?? 0])
    .sort((a, b) => Math.abs(b[0] ?? 0) - Math.abs(a[0] ?? 0));
  if (!first) return [];
  const [pivot = 1, ...head] = first;
  const reduced = others.map(([factor = 0, ...row]) =>
    row.map((value, i) => value - (factor / pivot) * (head[i] ?? 0)),
  );
  const rest = solve(
    reduced.map((row) => row.slice(0, -1)),
    reduced.map((row) => row.at(-1) ?? 0),
  );
  const known = rest.reduce((sum, value, i) => sum + value * (head[i] ?? 0), 0);
  return [((head.at(-1) ?? 0) - known) / pivot, ...rest];
}
