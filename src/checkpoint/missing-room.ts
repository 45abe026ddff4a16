import { KinoraError } from '../shared/errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';

/**
 * Adds how much is still to be stored when the browser refuses to store more.
 * @param failure anything that was thrown
 * @param manifests of the components that were to be stored
 * @returns the failure; for `quota`, one that gives the bytes
 */
export async function withMissingBytes(
  failure: unknown,
  manifests: readonly Manifest[],
  store: CheckpointStore,
): Promise<unknown> {
  if (!(failure instanceof KinoraError) || failure.code !== 'quota') return failure;
  let missingBytes = 0;
  for (const manifest of manifests) {
    const stored = await store.storedShards(manifest);
    missingBytes += manifestBytes(manifest) - stored.reduce((bytes, { begin, end }) => bytes + end - begin, 0);
  }
  const megabytes = Math.ceil(missingBytes / 1e6);
  return new KinoraError('quota', `${failure.message} ${megabytes} MB of the model are still to be stored.`, {
    cause: failure,
    missingBytes,
  });
}
