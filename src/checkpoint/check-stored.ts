import { type NetworkPlace, placeOf } from '../engine';
import { type CheckpointStore, componentOf, manifestBytes } from '../storage';
import { readStored } from './stored-manifests';

export interface CheckOptions {
  onProgress?: (network: NetworkPlace, bytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Reads everything stored of a checkpoint, and deletes what is damaged, so that the next download repairs it.
 * @returns what was deleted: bytes of weights, and the number of small files and manifests
 * @throws KinoraError `storage`, `cancelled`
 */
export async function checkStored(
  id: string,
  store: CheckpointStore,
  { onProgress, signal }: CheckOptions = {},
): Promise<{ bytes: number; files: number }> {
  const { contents } = await readStored(id, store);
  let damagedBytes = 0;
  for (const manifest of await store.manifests(id)) {
    const network = placeOf(contents, componentOf(manifest));
    const totalBytes = manifestBytes(manifest);
    let bytes = 0;
    const onBytes = (more: number) => {
      bytes += more;
      onProgress?.(network, bytes, totalBytes);
    };
    damagedBytes += await store.removeDamaged(manifest, { onBytes, signal });
  }
  return { bytes: damagedBytes, files: await store.removeDamagedFiles(id) };
}
