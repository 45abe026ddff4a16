/** Prompts → embeddings. */
import type { JobOptions, Networks } from '../networks-on-device';
import type { NetworkPlan } from '../pipelines/definition';
import { checkFinite } from '../tensor';
import type { ClipTokenizer } from '../tokenizer';
import type { Dtype } from '../types';
import { PromptEmbeddings } from './prompt-embeddings';

/** An encoded prompt, as the denoiser takes it. */
export interface EncodedPrompt {
  /** [1, tokens, hidden_size], row-major. */
  readonly embeds: Float32Array;
  /** Number of tokens at its end that did not fit and were dropped. */
  readonly truncated: number;
}

/** The tokenizer and the text encoder of one checkpoint on one backend. */
export class PromptEncoder {
  readonly #networks: Networks;
  readonly #tokenizer: ClipTokenizer;
  readonly #plan: NetworkPlan;
  readonly #dtype: Dtype;
  #known = new PromptEmbeddings();

  constructor(networks: Networks, tokenizer: ClipTokenizer, plan: NetworkPlan, dtype: Dtype) {
    this.#networks = networks;
    this.#tokenizer = tokenizer;
    this.#plan = plan;
    this.#dtype = dtype;
  }

  /**
   * @returns one for each prompt; the network is not loaded if all of them are among the last sixteen
   * @throws KinoraError `cancelled`, `numerics`, and what loading and running a network can throw
   */
  async encode(prompts: readonly string[], job: JobOptions = {}): Promise<EncodedPrompt[]> {
    const { clock } = this.#networks;
    job.onProgress?.({ stage: 'tokenize', done: 0, total: 1 });
    const tokens = await clock.time('tokenize', async () => prompts.map((prompt) => this.#tokenizer.encode(prompt)));
    const encoded: EncodedPrompt[] = [];
    for (const { ids, truncated } of tokens) {
      encoded.push({ embeds: await clock.time('encode', () => this.#embed(ids, job)), truncated });
    }
    return encoded;
  }

  /** Forgets all embeddings, which may be from other weights. */
  forget(): void {
    this.#known = new PromptEmbeddings();
  }

  async #embed(ids: Int32Array, job: JobOptions): Promise<Float32Array> {
    const known = this.#known.get(ids);
    if (known) return known;
    const embeds = await this.#networks.use(this.#plan, job, (network) => {
      job.onProgress?.({ stage: 'encode', done: 0, total: 1 });
      return network.run({ input_ids: ids });
    });
    checkFinite(embeds, "The text encoder's output", this.#dtype);
    this.#known.set(ids, embeds);
    return embeds;
  }
}
