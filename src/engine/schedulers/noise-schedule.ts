/** How much noise the model was trained with at each of its timesteps. */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';
import { mix } from './scheduler';

/** Usually 1000; 4000 in the first models with a cosine schedule. */
const maxTrainTimesteps = 10_000;

/** Keys of scheduler_config.json that say how much noise the model was trained with. */
export const noiseScheduleKeys = {
  num_train_timesteps: z.number().int().min(1).max(maxTrainTimesteps).default(1000),
  beta_start: z.number().positive().max(1).default(0.0001),
  beta_end: z.number().positive().max(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.array(z.number().min(0).max(1)).min(1).max(maxTrainTimesteps).nullish(),
  rescale_betas_zero_snr: z.boolean().default(false),
};

const noiseSchedule = z.object(noiseScheduleKeys);

/**
 * torch computes all of this in float32, and 1 − alpha magnifies the rounding of alpha, so every operation rounds as in torch.
 */
const f32 = Math.fround;

/** The fraction of the signal's variance left at each training timestep: [num_train_timesteps], float32, decreasing. */
export function alphasCumprod(config: z.infer<typeof noiseSchedule>): Float32Array<ArrayBuffer> {
  const betas = trainingBetas(config);
  const alphas = cumulativeProduct(betas.map((beta) => 1 - beta));
  if (!config.rescale_betas_zero_snr) return alphas;

  // Zero terminal SNR: https://arxiv.org/abs/2305.08891, algorithm 1
  const roots = alphas.map(Math.sqrt);
  const first = roots[0] ?? 0;
  const last = roots.at(-1) ?? 0;
  const scale = f32(first / f32(first - last));
  const rescaled = roots.map((root) => f32(f32(root - last) * scale) ** 2);
  // via betas and back, as in diffusers, because that rounds
  return cumulativeProduct(
    rescaled.map((alpha, i) => 1 - f32(1 - (i === 0 ? alpha : f32(alpha / (rescaled[i - 1] ?? 0))))),
  );
}

/** @throws KinoraError `invalid-argument` if the model was not trained with `timestep` */
export function alphaProdAt(alphas: Float32Array, timestep: number): number {
  const alphaProd = alphas[timestep];
  if (alphaProd !== undefined) return alphaProd;
  const trained = `It was trained with 0 to ${alphas.length - 1}.`;
  throw new KinoraError('invalid-argument', `The model has no timestep ${timestep}. ${trained}`);
}

/** addNoise for the schedulers that work with training timesteps. */
export function addNoiseAt(
  alphas: Float32Array,
  original: Float32Array,
  noise: Float32Array,
  timestep: number,
): Float32Array<ArrayBuffer> {
  const alphaProd = alphaProdAt(alphas, timestep);
  return mix(Math.sqrt(alphaProd), original, Math.sqrt(1 - alphaProd), noise);
}

function trainingBetas(config: z.infer<typeof noiseSchedule>): Float32Array<ArrayBuffer> {
  const { num_train_timesteps: count, beta_start: start, beta_end: end, trained_betas: trained } = config;
  if (trained) {
    if (trained.length === count) return Float32Array.from(trained);
    throw new KinoraError(
      'unsupported-config',
      `scheduler_config.json: trained_betas has ${trained.length} values for num_train_timesteps ${count}.`,
    );
  }
  if (config.beta_schedule === 'linear') return torchLinspace(start, end, count);
  if (config.beta_schedule === 'scaled_linear') {
    return torchLinspace(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
  }
  // Cosine: https://arxiv.org/abs/2102.09672
  const alphaBar = (time: number) => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
}

/** torch.linspace in float32: computed from both ends, with one rounding per value. */
function torchLinspace(start: number, end: number, count: number): Float32Array<ArrayBuffer> {
  const [from, to] = [f32(start), f32(end)];
  const step = f32(f32(to - from) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) => {
    if (count === 1) return from;
    return i < Math.floor(count / 2) ? from + step * i : to - step * (count - 1 - i);
  });
}

/** torch.cumprod in float32, which multiplies in double precision. */
function cumulativeProduct(factors: Float32Array): Float32Array<ArrayBuffer> {
  let product = 1;
  return Float32Array.from(factors, (factor) => {
    product *= factor;
    return product;
  });
}

/**
 * Ratio of noise to signal at each training timestep, for solvers that work with sigmas: [num_train_timesteps], float32,
 * increasing. If the last timestep has no signal, diffusers gives it 2 ** -24, so that its sigma is finite; torch rounds that
 * sigma to 4096.
 */
export function trainingSigmas(config: z.infer<typeof noiseSchedule>): Float32Array<ArrayBuffer> {
  const sigmas = alphasCumprod(config).map((alpha) => Math.sqrt(f32(f32(1 - alpha) / alpha)));
  if (config.rescale_betas_zero_snr) sigmas[sigmas.length - 1] = 4096;
  return sigmas;
}
