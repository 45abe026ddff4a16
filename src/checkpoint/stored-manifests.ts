/** What is stored of a checkpoint. */
import { type FolderContents, type FolderKind, folderKinds } from '../engine';
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
  missing(contents: FolderContents): string[] {
    return Object.keys(contents).filter((component) => !this.of(component));
  }

  set(manifest: Manifest): void {
    this.#manifests.set(manifest.component, manifest);
  }

  delete(manifest: Manifest): void {
    this.#manifests.delete(manifest.component);
  }
}

export interface Stored {
  /** What the folder is; undefined where the small file that says so is not there, or none that can be read. */
  readonly kind: FolderKind | undefined;
  /** Text of that file. */
  readonly index: string | undefined;
  /** None where the kind is not known. */
  readonly contents: FolderContents;
  readonly manifests: StoredManifests;
  /** Components of which something is missing; model_index.json where it is not known which there should be. */
  readonly missing: readonly string[];
}

/** @throws KinoraError `storage`, `newer-storage` */
export async function readStored(id: string, store: CheckpointStore): Promise<Stored> {
  const manifests = await StoredManifests.read(store, id);
  for (const kind of Object.keys(folderKinds) as FolderKind[]) {
    // it is the first to be stored: where site data was cleared since then, it is not there, and other small files are not either
    const index = await store.text(id, folderKinds[kind].index);
    if (typeof index !== 'string') continue;
    try {
      const contents = folderKinds[kind].contents(index);
      return { kind, index, contents, manifests, missing: manifests.missing(contents) };
    } catch (error) {
      // stored by another version, which may know more
      if (!(error instanceof KinoraError) || error.code !== 'invalid-checkpoint') throw error;
    }
  }
  return { kind: undefined, index: undefined, contents: {}, manifests, missing: [folderKinds.pipeline.index] };
}
