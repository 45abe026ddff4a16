import type { CheckpointSource } from '../engine';
import type { ModelSource } from '../shared/model-source';
import { openLocalFolder } from './local-folder';
import { type OpenOptions, openCheckpoint } from './open-checkpoint';
import type { Picked } from './picked-folder';
import { openStoredCheckpoint } from './stored-checkpoint';

/**
 * Opens a checkpoint, wherever it is.
 * @throws KinoraError as `openCheckpoint`, `openStoredCheckpoint` and `openLocalFolder` do
 */
export function openSource(source: ModelSource<Picked>, options: OpenOptions): Promise<CheckpointSource> {
  switch (source.kind) {
    case 'remote':
      return openCheckpoint(source.url, options);
    case 'stored':
      return openStoredCheckpoint(source.id, options.store, options.kind);
    case 'picked':
      return openLocalFolder(source.folder, { kind: options.kind });
  }
}
