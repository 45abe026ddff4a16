/** What the browser keeps between visits. */
export { CheckpointStore, type StoredCheckpoint } from './checkpoint-store';
export { hashBlob } from './checksum';
export { type Manifest, manifestBytes, shardName } from './manifest';
export type { ByteRange } from './records';
