/** What the browser keeps between visits. */
export { type ByteRange, CheckpointStore, type StoredCheckpoint } from './checkpoint-store';
export { hashBlob } from './checksum';
export { type Manifest, manifestBytes, shardName } from './manifest';
