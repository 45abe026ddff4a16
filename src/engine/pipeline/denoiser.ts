/** What says of noisy latents how much noise is in them. Denoisers wrap each other. */
import { KinoraError, throwIfCancelled } from '../../shared/errors';
import { at } from '../at';
import type { JobOptions, Networks } from '../networks-on-device';
import type { NetworkPlan } from '../pipelines/definition';
import { checkFinite, concat, pause } from '../tensor';
import type { Dtype } from '../types';
import type { EncodedPrompt } from './prompt-encoder';

/** Latents, scaled for the model, and a timestep → the model's output, of the latents' shape. */
export type Denoiser = (sample: Float32Array<ArrayBuffer>, timestep: number) => Promise<Float32Array>;

/** The same for several prompts: an output for each. */
export type PromptDenoiser = (sample: Float32Array<ArrayBuffer>, timestep: number) => Promise<readonly Float32Array[]>;

interface UNetOptions extends JobOptions {
  prompts: readonly EncodedPrompt[];
  /** How many of them one run takes: all, or 1. */
  promptsAtOnce: number;
  /** A timestep as the network takes it. */
  timeEmbedding: (timestep: number) => Float32Array;
  /** Further inputs, the same in every run. */
  inputs?: Readonly<Record<string, Float32Array>>;
  /** What it computes in. */
  dtype: Dtype;
}

/** A UNet with its prompts. It is loaded again where another network had to take its place between two runs. */
export function unetDenoiser(
  networks: Networks,
  plan: NetworkPlan,
  { prompts, promptsAtOnce, timeEmbedding, inputs, dtype, ...job }: UNetOptions,
): PromptDenoiser {
  const embeds = prompts.map((prompt) => prompt.embeds);
  const contexts = promptsAtOnce === 1 ? embeds : [concat(embeds)];
  return async (sample, timestep) => {
    const time = timeEmbedding(timestep);
    const outputs: Float32Array[] = [];
    for (const context of contexts) {
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

/** Classifier-free guidance (Ho & Salimans, arXiv 2207.12598): the first prompt's output, led away from the second's. One prompt is taken as it is. */
export function guided(denoiser: PromptDenoiser, guidanceScale: number): Denoiser {
  return async (sample, timestep) => {
    const outputs = await denoiser(sample, timestep);
    const conditional = at(outputs, 0);
    if (outputs.length === 1) return conditional;
    if (outputs.length > 2) throw new KinoraError('internal', `Guidance between ${outputs.length} prompts.`);
    const unconditional = at(outputs, 1);
    return conditional.map((value, i) => {
      const base = unconditional[i] ?? 0;
      return base + guidanceScale * (value - base);
    });
  };
}
