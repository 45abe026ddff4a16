/** Denoisers: functions that estimate the noise in latents. They can wrap each other. */
import { KinoraError, throwIfCancelled } from '../../shared/errors';
import { at } from '../at';
import type { JobOptions, Networks } from '../networks-on-device';
import type { NetworkPlan } from '../pipelines/definition';
import { checkFinite, concat, pause } from '../tensor';
import type { Dtype } from '../types';
import type { EncodedPrompt } from './prompt-encoder';

/** Latents, scaled for the model, and a timestep → the model's output, of the latents' shape. */
export type Denoiser = (sample: Float32Array<ArrayBuffer>, timestep: number) => Promise<Float32Array>;

/** A denoiser for several prompts, with an output for each, or for the first `count` of them. */
export type PromptDenoiser = (
  sample: Float32Array<ArrayBuffer>,
  timestep: number,
  count?: number,
) => Promise<readonly Float32Array[]>;

interface UNetOptions extends JobOptions {
  prompts: readonly EncodedPrompt[];
  /** How many prompts one run processes: all, or 1. */
  promptsAtOnce: number;
  /** Encodes a timestep as the network takes it. */
  timeEmbedding: (timestep: number) => Float32Array;
  /** Further inputs, the same in every run. */
  inputs?: Readonly<Record<string, Float32Array>>;
  /** The type it computes in. */
  dtype: Dtype;
}

/** A UNet with its prompts. It is loaded again if another network replaced it between two runs. */
export function unetDenoiser(
  networks: Networks,
  plan: NetworkPlan,
  { prompts, promptsAtOnce, timeEmbedding, inputs, dtype, ...job }: UNetOptions,
): PromptDenoiser {
  const embeds = prompts.map((prompt) => prompt.embeds);
  const contexts = promptsAtOnce === 1 ? embeds : [concat(embeds)];
  return async (sample, timestep, count = prompts.length) => {
    const time = timeEmbedding(timestep);
    const outputs: Float32Array[] = [];
    for (const context of contexts) {
      if (outputs.length >= count) break;
      await pause();
      throwIfCancelled(job.signal);
      const output = await networks.use(plan, job, (unet) =>
        unet.run({ ...inputs, sample, time, encoder_hidden_states: context }),
      );
      checkFinite(output, `The UNet's output at timestep ${timestep}`, dtype);
      for (let begin = 0; begin < output.length; begin += sample.length) {
        outputs.push(output.subarray(begin, begin + sample.length));
      }
    }
    return outputs;
  };
}

/** The timesteps at which guidance is used. */
export type GuidanceInterval = ReadonlySet<number>;

/**
 * The steps of a schedule in which guidance is used (Kynkäänniemi et al., arXiv 2404.07724): from `start` to `stop`, as fractions
 * of all steps. Source: diffusers guiders/classifier_free_guidance.py.
 */
export function guidanceInterval(timesteps: readonly number[], start: number, stop: number): GuidanceInterval {
  const index = (share: number) => Math.floor(share * timesteps.length);
  return new Set(timesteps.slice(index(start), index(stop)));
}

/**
 * Classifier-free guidance (Ho & Salimans, arXiv 2207.12598): the first prompt's output, pushed away from the second's. A single
 * prompt is used as it is.
 * @param interval where guidance is used, everywhere if left out; elsewhere only the first prompt counts
 */
export function guided(denoiser: PromptDenoiser, guidanceScale: number, interval?: GuidanceInterval): Denoiser {
  return async (sample, timestep) => {
    const outputs = await denoiser(sample, timestep, interval && !interval.has(timestep) ? 1 : undefined);
    const conditional = at(outputs, 0);
    if (outputs.length === 1 || (interval && !interval.has(timestep))) return conditional;
    if (outputs.length > 2) throw new KinoraError('internal', `Guidance between ${outputs.length} prompts.`);
    const unconditional = at(outputs, 1);
    return conditional.map((value, i) => {
      const base = unconditional[i] ?? 0;
      return base + guidanceScale * (value - base);
    });
  };
}
