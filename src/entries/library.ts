/** Kinora's engine as a library: the face of `npm run build:library`. docs/engine.md explains it. */

export {
  type AdapterOptions,
  type DownloadState,
  type LocalFolderOptions,
  type OpenOptions,
  openAdapter,
  openCheckpoint,
  openLocalFolder,
  openStoredCheckpoint,
  type Picked,
  type PickedFile,
  type StoredSource,
} from '../checkpoint';
export * from '../engine';
export { type EncodedVideo, type EncodeOptions, encodeMp4 } from '../media';
export type { AccessToken } from '../shared/access-token';
export { type ErrorCode, errorCodes, KinoraError } from '../shared/errors';
export { CheckpointStore, type StoredCheckpoint } from '../storage';
