import type { Weights } from '../engine';
import { type Manifest, shardName } from '../storage';
import type { FileTensor } from './safetensors';

/** 64 MiB: a good size for one IndexedDB value, and the most that is lost when a download is interrupted. */
const maxShardBytes = 64 * 1024 * 1024;

/**
 * Cuts a weight file into runs of whole tensors of at most `limit` bytes. A larger tensor is a run of its own, since no tensor
 * may span two files; so are tensors that share bytes. Bytes between two tensors of a shard are part of it.
 * @param tensors in the order of their bytes
 * @param component names the shards, `unet-0`, `unet-1`, …
 */
export function planShards(
  tensors: readonly FileTensor[],
  component: string,
  limit = maxShardBytes,
): Pick<Manifest, 'shards' | 'tensors'> {
  const shards: { begin: number; end: number }[] = [];
  const located: Manifest['tensors'] = [];
  for (const { name, dtype, shape, begin, end } of tensors) {
    let shard = shards.at(-1);
    if (!shard || (begin >= shard.end && end - shard.begin > limit)) {
      shard = { begin, end };
      shards.push(shard);
    }
    shard.end = Math.max(shard.end, end);
    const file = shardName(component, shards.length - 1);
    located.push({ name, dtype, shape, file, offset: begin - shard.begin, byteLength: end - begin });
  }
  return { shards, tensors: located };
}

/** @param files one per weight file of a component: its manifest, and its shards as Blobs in order */
export function toWeights(
  files: readonly { manifest: Pick<Manifest, 'component' | 'tensors'>; blobs: readonly Blob[] }[],
): Weights {
  const tensors = files.flatMap(({ manifest }) => manifest.tensors.map((tensor) => [tensor.name, tensor] as const));
  const shards = files.flatMap(({ manifest, blobs }) =>
    blobs.map((blob, index) => [shardName(manifest.component, index), blob] as const),
  );
  return { tensors: new Map(tensors), files: new Map(shards) };
}
