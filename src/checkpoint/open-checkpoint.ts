import type { FolderKind } from '../engine';
import type { CheckpointStore } from '../storage';
import { folderUrl } from './folder-url';
import { type RemoteOptions, RemoteOrigin } from './remote-origin';
import { StoredSource } from './stored-source';

export interface OpenOptions extends RemoteOptions {
  /** Where the checkpoint is kept between visits. */
  store: CheckpointStore;
  /** What the folder is to be; left out: a pipeline. */
  kind?: FolderKind;
}

/**
 * Opens the diffusers folder at `url`: from storage where it is stored whole, which then needs no network, otherwise from
 * its server. A checkpoint that is stored whole is never asked for again until it is deleted from the store; one that is
 * not has its small files fetched anew each time and its weights continued where they broke off.
 * @param url absolute, http(s). A query (`…/model?v=2`) is passed on with every file and makes another checkpoint of it.
 * @throws KinoraError `invalid-argument` for a URL that cannot be a folder; `invalid-checkpoint` for another kind of
 *   model; what fetching a file and the storage can throw
 */
export async function openCheckpoint(url: string, options: OpenOptions): Promise<StoredSource> {
  const base = folderUrl(url);
  const origin = new RemoteOrigin(base, options);
  return StoredSource.open({ id: base.href, origin, ...options });
}
