/** Which parts of a checkpoint are stored. */
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

  /** The manifests of all weight files of a component; undefined if one of them is missing. */
  of(component: string): readonly Manifest[] | undefined {
    const single = this.#manifests.get(component);
    if (single) return [single];
    const parts = this.#manifests.get(partName(component, 0))?.parts ?? 0;
    const all = Array.from({ length: parts }, (_, index) => this.#manifests.get(partName(component, index)));
    const fitting = all.filter((manifest) => manifest !== undefined).filter((manifest) => manifest.parts === parts);
    return parts > 0 && fitting.length === parts ? fitting : undefined;
  }

  /** Components that are not completely stored. */
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
  /** What kind of folder it is; undefined if its index file is missing or unreadable. */
  readonly kind: FolderKind | undefined;
  /** Text of the index file. */
  readonly index: string | undefined;
  /** Empty if the kind is not known. */
  readonly contents: FolderContents;
  readonly manifests: StoredManifests;
  /** Components that are not completely stored, or model_index.json if the components are not known. */
  readonly missing: readonly string[];
}

/** @throws KinoraError `storage`, `newer-storage` */
export async function readStored(id: string, store: CheckpointStore): Promise<Stored> {
  const manifests = await StoredManifests.read(store, id);
  for (const kind of Object.keys(folderKinds) as FolderKind[]) {
    // it is stored first: if site data has been cleared since then, it is missing, and so are the other small files
    const index = await store.text(id, folderKinds[kind].index);
    if (typeof index !== 'string') continue;
    try {
      const contents = folderKinds[kind].contents(index);
      return { kind, index, contents, manifests, missing: manifests.missing(contents) };
    } catch (error) {
      // stored by another version, which may support more
      if (!(error instanceof KinoraError) || error.code !== 'invalid-checkpoint') throw error;
    }
  }
  return { kind: undefined, index: undefined, contents: {}, manifests, missing: [folderKinds.pipeline.index] };
}
