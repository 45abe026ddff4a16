/** Caches the embeddings of the last prompts, so that another seed or step count neither loads nor runs the text encoder. */

/** A prompt of 77 tokens is 315 KB in the largest encoder of this family. */
const KEPT_PROMPTS = 16;

/** The cache for one checkpoint on one backend, both of which affect the numbers. */
export class PromptEmbeddings {
  /** By token ids, least recently used first. */
  readonly #kept = new Map<string, Float32Array>();

  get(ids: Int32Array): Float32Array | undefined {
    const key = ids.join();
    const embeds = this.#kept.get(key);
    if (embeds) {
      this.#kept.delete(key);
      this.#kept.set(key, embeds);
    }
    return embeds;
  }

  set(ids: Int32Array, embeds: Float32Array): void {
    this.#kept.set(ids.join(), embeds);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_PROMPTS && oldest !== undefined) this.#kept.delete(oldest);
  }
}
