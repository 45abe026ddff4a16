import { z } from 'zod';
import type { StoredTensor } from '../engine';
import { elementType, tensorDtypes } from '../shared/dtypes';

const count = z.int().nonnegative();
/** `file` is the name of a shard, as `Weights` uses it. */
const tensorSchema: z.ZodType<StoredTensor & { name: string }> = z.object({
  name: z.string(),
  dtype: z.enum(tensorDtypes),
  shape: z.array(count),
  file: z.string(),
  offset: count,
  byteLength: count,
});

const fields = z.object({
  /** Id of the checkpoint that it belongs to. */
  checkpoint: z.string(),
  /** Name of the component; if its weights are in several files, with the file's number (`partName`). */
  component: z.string(),
  /** How many files hold the component's weights, if several. */
  parts: count.min(2).optional(),
  /** The weight file it describes. */
  file: z.object({
    /** Path in the folder. */
    path: z.string(),
    bytes: count,
    /** In hexadecimal, if published. Once the manifest is stored, the file is known to match it. */
    sha256: z.string().optional(),
  }),
  /** Changes when the file at the origin changes: path, size, and the server's validator. */
  version: z.string(),
  /** Byte ranges `[begin, end)` of the file, in order; together they hold all of its tensors. */
  shards: z.array(z.object({ begin: count, end: count })),
  tensors: z.array(tensorSchema),
});

export type Manifest = z.infer<typeof fields>;

/**
 * What one component's weight file holds and how it is cut into shards. It can be derived from the file's header before a weight
 * is fetched; it is stored last, so that a stored manifest means that every shard is there.
 */
export const manifestSchema = fields
  .refine(({ shards }) => shards.every(({ begin, end }, i) => begin < end && begin >= (shards[i - 1]?.end ?? 0)), {
    error: 'shards overlap or are not in their order',
  })
  .refine(tensorsLieInShards, { error: 'a tensor lies outside of its shard, or is not as long as its shape says' });

/** The name that one of several weight files of a component is stored under. */
export function partName(component: string, index: number): string {
  return `${component}/${index}`;
}

/** The component whose weights, or a part of them, a manifest describes. */
export function componentOf({ component }: Manifest): string {
  return component.split('/')[0] ?? '';
}

/** The name of a shard in `Weights`. */
export function shardName(component: string, index: number): string {
  return `${component}-${index}`;
}

/** The bytes of all shards, which is what a download of the component fetches. */
export function manifestBytes(manifest: Manifest): number {
  return manifest.shards.reduce((bytes, { begin, end }) => bytes + end - begin, 0);
}

function tensorsLieInShards({ component, shards, tensors }: Manifest): boolean {
  const sizes = new Map(shards.map(({ begin, end }, index) => [shardName(component, index), end - begin]));
  return tensors.every(
    ({ dtype, shape, file, offset, byteLength }) =>
      byteLength === shape.reduce((product, size) => product * size, elementType(dtype).bytes) &&
      offset + byteLength <= (sizes.get(file) ?? -1),
  );
}
