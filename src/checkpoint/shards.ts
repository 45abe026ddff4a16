import type { Weights } from '../engine';
import { type Manifest, shardName } from '../storage';
import type { FileTensor } from './safetensors';

/** 64 MiB: what one IndexedDB value holds well, and what is lost at most when a download breaks off. */
const maxShardBytes = 64 * 1024 * 1024;

/**
 * Cuts a weight file into runs of whole tensors of at most `limit` bytes. A tensor that is larger by itself is a run of
 * its own, since no tensor may lie in two files; so are tensors that share bytes. What lies between two tensors of a shard is
 * part of it.
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

/** @param shards of the manifest, in its order */
export function toWeights(manifest: Pick<Manifest, 'component' | 'tensors'>, shards: readonly Blob[]): Weights {
  const files = new Map(shards.map((shard, index) => [shardName(manifest.component, index), shard]));
  return { tensors: new Map(manifest.tensors.map((tensor) => [tensor.name, tensor])), files };
}
