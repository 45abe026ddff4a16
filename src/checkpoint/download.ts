import type { LoadOptions } from '../engine';
import { throwIfCancelled } from '../errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import type { RemoteFile } from './remote-file';

/** Enough to fill a fast line while one shard is being stored, few enough to be polite. */
const transfersAtOnce = 4;

/**
 * Fetches what the store lacks of a component, shard by shard, and then stores the manifest. When anything fails, the
 * shards that are stored by then stay, and the next call goes on from there.
 * @throws KinoraError of the first failure; the other transfers have ended by then
 */
export async function download(
  file: RemoteFile,
  manifest: Manifest,
  store: CheckpointStore,
  { onProgress, signal }: LoadOptions,
): Promise<void> {
  const total = manifestBytes(manifest);
  const stored = new Set((await store.storedShards(manifest)).map(({ begin }) => begin));
  const missing = manifest.shards.filter(({ begin }) => !stored.has(begin));
  let bytes = total - missing.reduce((sum, { begin, end }) => sum + end - begin, 0);
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
      for (const shard of queue) {
        const blob = await file.read(shard.begin, shard.end, { signal: transferSignal, onBytes });
        throwIfCancelled(transferSignal);
        await store.putShard(manifest, shard, blob);
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
