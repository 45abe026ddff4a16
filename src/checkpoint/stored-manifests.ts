/** What is stored of a checkpoint. */
import { type NetworkDefinitions, pipelineOf } from '../engine';
import { KinoraError } from '../shared/errors';
import { type CheckpointStore, type Manifest, partName } from '../storage';

/** The manifests of a checkpoint, by component. */
export class StoredManifests {
  readonly #manifests = new Map<string, Manifest>();

  static async read(store: CheckpointStore, checkpoint: string): Promise<StoredManifests> {
    const found = new StoredManifests();
    for (const manifest of await store.manifests(checkpoint)) found.set(manifest);
    return found;
  }

  /** One for each file that the component's weights lie in; undefined where one of them is missing. */
  of(component: string): readonly Manifest[] | undefined {
    const single = this.#manifests.get(component);
    if (single) return [single];
    const parts = this.#manifests.get(partName(component, 0))?.parts ?? 0;
    const all = Array.from({ length: parts }, (_, index) => this.#manifests.get(partName(component, index)));
    const fitting = all.filter((manifest) => manifest !== undefined).filter((manifest) => manifest.parts === parts);
    return parts > 0 && fitting.length === parts ? fitting : undefined;
  }

  /** Components of which something is missing. */
  missing(networks: NetworkDefinitions): string[] {
    return Object.keys(networks).filter((component) => !this.of(component));
  }

  set(manifest: Manifest): void {
    this.#manifests.set(manifest.component, manifest);
  }

  delete(manifest: Manifest): void {
    this.#manifests.delete(manifest.component);
  }
}

export interface Stored {
  /** Text of model_index.json; undefined where it is not there or none that can be read. */
  readonly modelIndex: string | undefined;
  /** Of its pipeline; none where that is not known. */
  readonly networks: NetworkDefinitions;
  readonly manifests: StoredManifests;
  /** Components of which something is missing; model_index.json where it is not known which there should be. */
  readonly missing: readonly string[];
}

/** @throws KinoraError `storage`, `newer-storage` */
export async function readStored(id: string, store: CheckpointStore): Promise<Stored> {
  const manifests = await StoredManifests.read(store, id);
  // it is the first to be stored: where site data was cleared since then, it is not there, and other small files are not either
  const modelIndex = await store.text(id, 'model_index.json');
  try {
    if (typeof modelIndex === 'string') {
      const { networks } = pipelineOf(modelIndex);
      return { modelIndex, networks, manifests, missing: manifests.missing(networks) };
    }
  } catch (error) {
    // stored by another version, which may know more pipelines
    if (!(error instanceof KinoraError) || error.code !== 'invalid-checkpoint') throw error;
  }
  return { modelIndex: undefined, networks: {}, manifests, missing: ['model_index.json'] };
}
