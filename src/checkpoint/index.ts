/** Diffusers folders as the engine takes them. */
export { type CheckOptions, checkStored } from './check-stored';
export { type LocalFolderOptions, openLocalFolder } from './local-folder';
export {
  type DownloadState,
  type OpenOptions,
  openCheckpoint,
  type UrlCheckpoint,
  type WeightFileFacts,
} from './open-checkpoint';
export { openSource } from './open-source';
export type { Picked, PickedFile } from './picked-folder';
export { isStoredWhole, openStoredCheckpoint } from './stored-checkpoint';
