import { z } from 'zod';
import { tensorDtypes } from '../dtypes';
import type { StoredTensor } from '../engine';

const count = z.int().nonnegative();
/** `file` is the name of a shard, as the weights hand it out. */
const tensorSchema: z.ZodType<StoredTensor & { name: string }> = z.object({
  name: z.string(),
  dtype: z.enum(tensorDtypes),
  shape: z.array(count),
  file: z.string(),
  offset: count,
  byteLength: count,
});

/**
 * What one component's weight file holds and how it is cut into shards. It can be drawn up from the file's header before
 * a weight is fetched; it is stored last, so that a stored manifest means that every shard is there.
 */
export const manifestSchema = z.object({
  /** Id of the checkpoint that it belongs to. */
  checkpoint: z.string(),
  component: z.string(),
  /** The weight file that it is about. */
  file: z.object({
    /** In the folder. */
    path: z.string(),
    bytes: count,
    /** In hexadecimal, where its authors tell it: a file whose manifest is stored has it. */
    sha256: z.string().optional(),
  }),
  /** Changes when the file at its place does: path, size, and what the server gives to tell versions apart. */
  version: z.string(),
  /** Byte ranges `[begin, end)` of the file; together all of its tensors. */
  shards: z.array(z.object({ begin: count, end: count })),
  tensors: z.array(tensorSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** The bytes of all shards, which is what a download of the component fetches. */
export function manifestBytes(manifest: Manifest): number {
  return manifest.shards.reduce((bytes, { begin, end }) => bytes + end - begin, 0);
}
