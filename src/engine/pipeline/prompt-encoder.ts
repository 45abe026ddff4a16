/** Prompts → embeddings. */
import { throwIfCancelled } from '../../shared/errors';
import type { Clock } from '../clock';
import type { Networks } from '../networks-on-device';
import type { NetworkPlan } from '../pipelines/definition';
import { checkFinite } from '../tensor';
import type { Dtype, Progress } from '../types';
import { PromptEmbeddings } from './prompt-embeddings';

interface Job {
  clock: Clock;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** The text encoder of one checkpoint on one backend. */
export class PromptEncoder {
  readonly #networks: Networks;
  readonly #plan: NetworkPlan;
  readonly #dtype: Dtype;
  readonly #known = new PromptEmbeddings();

  constructor(networks: Networks, plan: NetworkPlan, dtype: Dtype) {
    this.#networks = networks;
    this.#plan = plan;
    this.#dtype = dtype;
  }

  /**
   * @param ids [tokens], with start and end marks
   * @returns [1, tokens, hidden_size]; without loading the network where the prompt is one of the last
   * @throws KinoraError `cancelled`, `numerics`, and what loading and running a network can throw
   */
  async encode(ids: Int32Array, { clock, onProgress, signal }: Job): Promise<Float32Array> {
    const known = this.#known.get(ids);
    if (known) return known;
    const network = await this.#networks.load(this.#plan, onProgress);
    clock.stop('load');
    throwIfCancelled(signal);
    onProgress?.({ stage: 'encode', done: 0, total: 1 });
    const embeds = await network.run({ input_ids: ids });
    checkFinite(embeds, "The text encoder's output", this.#dtype);
    this.#known.set(ids, embeds);
    clock.stop('encode');
    return embeds;
  }
}
