import type { CheckpointSource, Component, LoadOptions, TensorSpec, Weights } from '../engine';
import { KinoraError, throwIfCancelled } from '../errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { toWeights } from './shards';
import { components } from './weight-files';

/**
 * Opens a checkpoint that is stored whole, wherever it came from.
 * @param id as the source had it
 * @throws KinoraError `storage` where parts of it are missing
 */
export async function openStoredCheckpoint(id: string, store: CheckpointStore): Promise<CheckpointSource> {
  const manifests = new Map((await store.manifests(id)).map((manifest) => [manifest.component, manifest]));
  const missing = components.filter((component) => !manifests.has(component));
  if (missing.length > 0) {
    throw new KinoraError(
      'storage',
      `Of the stored copy of ${id}, ${missing.join(' and ')} are missing. Load it again.`,
    );
  }
  return new StoredCheckpoint(id, store, manifests);
}

class StoredCheckpoint implements CheckpointSource {
  readonly id: string;
  readonly #store: CheckpointStore;
  readonly #manifests: ReadonlyMap<string, Manifest>;

  constructor(id: string, store: CheckpointStore, manifests: ReadonlyMap<string, Manifest>) {
    this.id = id;
    this.#store = store;
    this.#manifests = manifests;
  }

  async text(path: string): Promise<string> {
    const text = await this.#store.text(this.id, path);
    if (typeof text === 'string') return text;
    throw this.#lost(path);
  }

  async optionalText(path: string): Promise<string | undefined> {
    return (await this.#store.text(this.id, path)) ?? undefined;
  }

  async tensors(component: Component): Promise<ReadonlyMap<string, TensorSpec>> {
    return new Map(this.#manifest(component).tensors.map((tensor) => [tensor.name, tensor]));
  }

  async weights(component: Component, { onProgress, signal }: LoadOptions = {}): Promise<Weights> {
    const manifest = this.#manifest(component);
    const shards = await this.#store.openShards(manifest);
    throwIfCancelled(signal);
    if (!shards) throw this.#lost(component);
    onProgress?.(manifestBytes(manifest), manifestBytes(manifest));
    return toWeights(manifest, shards);
  }

  #manifest(component: Component): Manifest {
    const manifest = this.#manifests.get(component);
    if (!manifest) throw this.#lost(component);
    return manifest;
  }

  #lost(what: string): KinoraError {
    return new KinoraError('storage', `The stored copy of ${this.id} has no ${what}. Load it again.`);
  }
}
