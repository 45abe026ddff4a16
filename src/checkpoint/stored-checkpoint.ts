import type { CheckpointSource, Component, LoadOptions, TensorSpec, Weights } from '../engine';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { folderUrl } from './folder-url';
import { toWeights } from './shards';
import { components } from './weight-files';

/**
 * Whether a checkpoint is stored whole and can be read back, wherever it came from.
 * @param source its address, or the id of the copy of a folder
 * @throws KinoraError `storage`, and `invalid-argument` for an address that cannot be a folder's
 */
export async function isStoredWhole(source: string, store: CheckpointStore): Promise<boolean> {
  const id = storedId(source);
  const manifests = await manifestsOf(id, store);
  if (missingOf(manifests).length > 0) return false;
  // it is the first to be stored: where site data was cleared since then, it is not there, and other small files are not either
  if (typeof (await store.text(id, 'model_index.json')) !== 'string') return false;
  if ((await store.damagedTexts(id)).length > 0) return false;
  for (const manifest of manifests.values()) {
    if ((await store.openShards(manifest)).lost.length > 0) return false;
  }
  return true;
}

/**
 * Opens a checkpoint that is stored whole, wherever it came from. Nothing is fetched.
 * @param source its address, or the id of the copy of a folder
 * @throws KinoraError `storage` where parts of it are missing or cannot be read, and `invalid-argument` for an address that cannot
 *   be a folder's
 */
export async function openStoredCheckpoint(source: string, store: CheckpointStore): Promise<CheckpointSource> {
  const id = storedId(source);
  const manifests = await manifestsOf(id, store);
  const missing = [...missingOf(manifests), ...(await store.damagedTexts(id))];
  if (missing.length > 0) throw lost(id, missing);
  return new StoredCheckpoint(id, store, manifests);
}

function storedId(source: string): string {
  return source.startsWith('folder:') ? source : folderUrl(source).href;
}

async function manifestsOf(id: string, store: CheckpointStore): Promise<ReadonlyMap<string, Manifest>> {
  return new Map((await store.manifests(id)).map((manifest) => [manifest.component, manifest]));
}

function missingOf(manifests: ReadonlyMap<string, Manifest>): Component[] {
  return components.filter((component) => !manifests.has(component));
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
    throw lost(this.id, [path]);
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
    if (shards.lost.length > 0) throw lost(this.id, [component]);
    onProgress?.(manifestBytes(manifest), manifestBytes(manifest));
    return toWeights(manifest, shards.blobs);
  }

  #manifest(component: Component): Manifest {
    const manifest = this.#manifests.get(component);
    if (!manifest) throw lost(this.id, [component]);
    return manifest;
  }
}

function lost(id: string, parts: readonly string[]): KinoraError {
  const remedy = id.startsWith('folder:') ? 'copy its folder again' : 'download it again';
  return new KinoraError(
    'storage',
    `The browser has lost ${parts.join(', ')} of the stored copy of ${id}, or cannot read it back. Under Models, ` +
      `Check deletes what is damaged; then ${remedy}.`,
  );
}
