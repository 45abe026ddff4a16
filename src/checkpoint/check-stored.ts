import type { Component } from '../engine';
import { type CheckpointStore, manifestBytes } from '../storage';
import { components } from './weight-files';

export interface CheckOptions {
  onProgress?: (component: Component, bytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Reads everything that is stored of a checkpoint, and deletes what is not as it was stored, so that the next download mends it.
 * @returns what was deleted: bytes of weights, and how many small files and lists of what is stored
 * @throws KinoraError `storage`, `cancelled`
 */
export async function checkStored(
  id: string,
  store: CheckpointStore,
  { onProgress, signal }: CheckOptions = {},
): Promise<{ bytes: number; files: number }> {
  const manifests = await store.manifests(id);
  let damagedBytes = 0;
  for (const component of components) {
    const manifest = manifests.find((candidate) => candidate.component === component);
    if (!manifest) continue;
    const totalBytes = manifestBytes(manifest);
    let bytes = 0;
    const onBytes = (more: number) => {
      bytes += more;
      onProgress?.(component, bytes, totalBytes);
    };
    damagedBytes += await store.removeDamaged(manifest, { onBytes, signal });
  }
  return { bytes: damagedBytes, files: await store.removeDamagedFiles(id) };
}
