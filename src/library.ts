/** Kinora's engine as a library: the face of `npm run build:library`. docs/engine.md explains it. */
export type { AccessToken } from './access-token';
export {
  type DownloadState,
  type LocalFolderOptions,
  type OpenOptions,
  openCheckpoint,
  openLocalFolder,
  openStoredCheckpoint,
  type Picked,
  type PickedFile,
  type UrlCheckpoint,
} from './checkpoint';
export * from './engine';
export { type ErrorCode, errorCodes, KinoraError } from './errors';
export { type EncodedVideo, type EncodeOptions, encodeMp4 } from './media';
export { CheckpointStore, type StoredCheckpoint } from './storage';
