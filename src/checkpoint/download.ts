import type { LoadOptions } from '../engine';
import { throwIfCancelled } from '../errors';
import type { CheckpointStore, Manifest } from '../storage';
import { type ShardSource, toHalfPrecision } from './half-precision';
import type { RemoteFile } from './remote-file';

/** Enough to fill a fast line while one shard is being stored, few enough to be polite. */
const transfersAtOnce = 4;

/**
 * Fetches what the store lacks of a component, shard by shard, and then stores the manifest. When anything fails, the
 * shards that are stored by then stay, and the next call goes on from there.
 * @param sources where the bytes of the manifest's shards lie in the file, if they are converted on the way; else the
 *   manifest's own ranges are the file's
 * @throws KinoraError of the first failure; the other transfers have ended by then
 */
export async function download(
  file: RemoteFile,
  manifest: Manifest,
  sources: readonly ShardSource[] | undefined,
  store: CheckpointStore,
  { onProgress, signal }: LoadOptions,
): Promise<void> {
  const parts = manifest.shards.map((shard, index) => ({ shard, source: sources?.[index] }));
  const bytesOf = ({ shard, source }: (typeof parts)[number]) => (source ?? shard).end - (source ?? shard).begin;
  const total = parts.reduce((sum, part) => sum + bytesOf(part), 0);
  const stored = new Set((await store.storedShards(manifest)).map(({ begin }) => begin));
  const missing = parts.filter(({ shard }) => !stored.has(shard.begin));
  let bytes = total - missing.reduce((sum, part) => sum + bytesOf(part), 0);
  onProgress?.(bytes, total);
  const onBytes = (more: number) => {
    bytes += more;
    onProgress?.(bytes, total);
  };

  const failed = new AbortController();
  const transferSignal = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  let failure: unknown;
  const queue = missing.values();
  const transfer = async () => {
    try {
      for (const { shard, source } of queue) {
        const { begin, end } = source ?? shard;
        const blob = await file.read(begin, end, { signal: transferSignal, onBytes });
        throwIfCancelled(transferSignal);
        const converted = source && (await toHalfPrecision(source, blob, manifest.component));
        await store.putShard(manifest, shard, converted ?? blob);
      }
    } catch (error) {
      failure ??= error;
      failed.abort();
    }
  };
  await Promise.all(Array.from({ length: transfersAtOnce }, transfer));
  if (failure) throw failure;
  throwIfCancelled(signal);
  await store.commit(manifest);
}
