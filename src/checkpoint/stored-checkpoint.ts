/** Stored checkpoints, wherever they came from. Nothing is fetched. */
import { type CheckpointSource, type FolderKind, folderKinds } from '../engine';
import { KinoraError } from '../shared/errors';
import { isCopy } from '../shared/model-source';
import type { CheckpointStore } from '../storage';
import { folderUrl } from './folder-url';
import type { Origin } from './origin';
import { readStored } from './stored-manifests';
import { StoredSource } from './stored-source';

/** Whether all weights of a checkpoint are stored, according to the manifests. */
export async function hasAllWeights(id: string, store: CheckpointStore): Promise<boolean> {
  return (await readStored(id, store)).missing.length === 0;
}

/**
 * Whether a checkpoint is completely stored and can be read back, wherever it came from.
 * @param source its address, or the id of the copy of a folder
 * @throws KinoraError `storage`, and `invalid-argument` for an address that cannot be a folder's
 */
export async function isStoredWhole(source: string, store: CheckpointStore): Promise<boolean> {
  const id = storedId(source);
  const { manifests, missing, contents } = await readStored(id, store);
  if (missing.length > 0 || (await store.damagedTexts(id)).length > 0) return false;
  for (const component of Object.keys(contents)) {
    for (const manifest of manifests.of(component) ?? []) {
      if ((await store.openShards(manifest)).lost.length > 0) return false;
    }
  }
  return true;
}

/**
 * Opens a completely stored checkpoint, wherever it came from. Nothing is fetched.
 * @param source its address, or the id of the copy of a folder
 * @throws KinoraError `storage` if parts of it are missing or unreadable, `invalid-checkpoint` if it is of another kind, and
 *   `invalid-argument` for an address that cannot be a folder's
 */
export async function openStoredCheckpoint(
  source: string,
  store: CheckpointStore,
  kind: FolderKind = 'pipeline',
): Promise<CheckpointSource> {
  const id = storedId(source);
  const stored = await readStored(id, store);
  const missing = [...stored.missing, ...(await store.damagedTexts(id))];
  if (missing.length > 0) throw lost(id, missing);
  if (stored.kind !== kind) {
    const [is, wanted] = [stored.kind ?? kind, kind].map((name) => folderKinds[name].label);
    throw new KinoraError('invalid-checkpoint', `What is stored of ${id} is a ${is}, where a ${wanted} is needed.`);
  }
  return StoredSource.open({ id, kind, store, origin: nowhere(id) });
}

function storedId(source: string): string {
  return isCopy(source) ? source : folderUrl(source).href;
}

/** An origin that has nothing: what is lost stays lost. */
function nowhere(id: string): Origin {
  return {
    text: (path) => Promise.reject(lost(id, [path])),
    optionalText: async () => undefined,
    open: async () => undefined,
    published: async () => undefined,
    withoutWeights: (component) => lost(id, [component]),
  };
}

function lost(id: string, parts: readonly string[]): KinoraError {
  const remedy = isCopy(id) ? 'copy its folder again' : 'download it again';
  return new KinoraError(
    'storage',
    `The browser has lost ${parts.join(', ')} of the stored copy of ${id}, or cannot read it back. Under Models, ` +
      `Check deletes what is damaged; then ${remedy}.`,
  );
}
