/** Checkpoints in the browser's storage. */
export { CheckpointStore, type StoredCheckpoint } from './checkpoint-store';
export { hashBlob } from './checksum';
export { componentOf, type Manifest, manifestBytes, partName, shardName } from './manifest';
export type { ByteRange } from './records';
