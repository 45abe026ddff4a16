import type { CheckpointSource } from '../engine';
import { openLocalFolder } from './local-folder';
import { type OpenOptions, openCheckpoint } from './open-checkpoint';
import type { Picked } from './picked-folder';
import { openStoredCheckpoint } from './stored-checkpoint';

/**
 * Opens a checkpoint, wherever it lies.
 * @param source the address of a diffusers folder, the id of a stored copy of a folder on disk, or such a folder itself
 * @throws KinoraError as `openCheckpoint`, `openStoredCheckpoint` and `openLocalFolder` do
 */
export function openSource(source: string | Picked, options: OpenOptions): Promise<CheckpointSource> {
  if (typeof source !== 'string') return openLocalFolder(source);
  if (source.startsWith('folder:')) return openStoredCheckpoint(source, options.store);
  return openCheckpoint(source, options);
}
