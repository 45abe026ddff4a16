import type { FolderKind } from '../engine';
import type { CheckpointStore } from '../storage';
import { folderUrl } from './folder-url';
import { type RemoteOptions, RemoteOrigin } from './remote-origin';
import { StoredSource } from './stored-source';

/** Options of `openCheckpoint`. */
export interface OpenOptions extends RemoteOptions {
  /** Where the checkpoint is kept between visits. */
  store: CheckpointStore;
  /** What kind of folder is expected; a pipeline if left out. */
  kind?: FolderKind;
}

/**
 * Opens the diffusers folder at `url`: from storage if all of it is stored, which needs no network, otherwise from its server. A
 * completely stored checkpoint is never requested again until it is deleted from the store; one that is not has its small files
 * fetched each time and its weights resumed where they stopped.
 * @param url absolute, http(s). A query (`…/model?v=2`) is passed on with every file and makes another checkpoint of it.
 * @throws KinoraError `invalid-argument` for a URL that cannot be a folder; `invalid-checkpoint` for another kind of model; what
 *   fetching a file and the storage can throw
 */
export async function openCheckpoint(url: string, options: OpenOptions): Promise<StoredSource> {
  const base = folderUrl(url);
  const origin = new RemoteOrigin(base, options);
  return StoredSource.open({ id: base.href, origin, ...options });
}
