import { z } from 'zod';
import type { Manifest } from './manifest';

/** A byte range `[begin, end)` of a component's weight file. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

export const shardRecord = z.object({
  version: z.string(),
  blob: z.instanceof(Blob),
  /** Checksum of the blob; older versions of the page stored none. */
  checksum: z.string().optional(),
  /** State of the weight file's digest after this shard. */
  digestState: z.custom<Uint8Array>((value) => value instanceof Uint8Array).optional(),
});
export type ShardRecord = z.infer<typeof shardRecord>;

export const textRecord = z.object({
  /** `null`: the folder is known to have no such file. */
  text: z.string().nullable(),
  /** Checksum of the text; older versions of the page stored none. */
  checksum: z.string().optional(),
});
export type TextRecord = z.infer<typeof textRecord>;

export function fits(record: ShardRecord, shard: ByteRange, manifest: Manifest): boolean {
  return record.version === manifest.version && record.blob.size === shard.end - shard.begin;
}
