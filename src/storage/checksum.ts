import { createXXHash128, type IHasher, xxhash128 } from 'hash-wasm';
import { readBlob } from './read-blob';

/** Bytes that are read and hashed at a time. */
const pieceBytes = 4 * 1024 * 1024;

/**
 * Feeds a Blob to `hasher` without holding all of it in memory.
 * @throws KinoraError `storage` if it cannot be read
 */
export async function hashBlob(hasher: IHasher, blob: Blob): Promise<void> {
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const bytes = await readBlob(blob.slice(at, at + pieceBytes));
    hasher.update(new Uint8Array(bytes));
    // otherwise these pieces would pile up until the garbage collector runs
    bytes.transfer(0);
  }
}

/**
 * xxHash128 in hexadecimal: it detects data damaged on disk, in a fraction of sha256's time.
 * @throws KinoraError `storage` if a Blob cannot be read
 */
export async function checksum(data: Blob | string): Promise<string> {
  if (typeof data === 'string') return xxhash128(data);
  const hasher = await createXXHash128();
  hasher.init();
  await hashBlob(hasher, data);
  return hasher.digest();
}
