/** Opens diffusers folders as sources for the engine. */
export { type CheckOptions, checkStored } from './check-stored';
export { type LocalFolderOptions, openLocalFolder } from './local-folder';
export { type AdapterOptions, fetchAdapter, openAdapter } from './open-adapter';
export { type OpenOptions, openCheckpoint } from './open-checkpoint';
export { openSource } from './open-source';
export type { Picked, PickedFile } from './picked-folder';
export type { DownloadState } from './remote-origin';
export { hasAllWeights, isStoredWhole, openStoredCheckpoint } from './stored-checkpoint';
export type { StoredSource, WeightFileFacts } from './stored-source';
