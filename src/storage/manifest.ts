import { z } from 'zod';
import type { StoredTensor } from '../engine';
import { elementType, tensorDtypes } from '../shared/dtypes';

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

const fields = z.object({
  /** Id of the checkpoint that it belongs to. */
  checkpoint: z.string(),
  /** Name of the component; of one whose weights lie in several files, with the file's number: `partName`. */
  component: z.string(),
  /** How many files the component's weights lie in, if several. */
  parts: count.min(2).optional(),
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
  /** Byte ranges `[begin, end)` of the file, in their order; together all of its tensors. */
  shards: z.array(z.object({ begin: count, end: count })),
  tensors: z.array(tensorSchema),
});

export type Manifest = z.infer<typeof fields>;

/**
 * What one component's weight file holds and how it is cut into shards. It can be drawn up from the file's header before
 * a weight is fetched; it is stored last, so that a stored manifest means that every shard is there.
 */
export const manifestSchema = fields
  .refine(({ shards }) => shards.every(({ begin, end }, i) => begin < end && begin >= (shards[i - 1]?.end ?? 0)), {
    error: 'shards overlap or are not in their order',
  })
  .refine(tensorsLieInShards, { error: 'a tensor lies outside of its shard, or is not as long as its shape says' });

/** What one of several files of a component is stored as. */
export function partName(component: string, index: number): string {
  return `${component}/${index}`;
}

/** The component that a manifest is of, or of a part of. */
export function componentOf({ component }: Manifest): string {
  return component.split('/')[0] ?? '';
}

/** As the weights hand it out. */
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
