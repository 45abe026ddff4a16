import { createXXHash128, type IHasher } from 'hash-wasm';

/** Bytes that are read and hashed at a time. */
const pieceBytes = 4 * 1024 * 1024;

/** Feeds a Blob to `hasher` without ever having all of it in memory. */
export async function hashBlob(hasher: IHasher, blob: Blob): Promise<void> {
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const bytes = await blob.slice(at, at + pieceBytes).arrayBuffer();
    hasher.update(new Uint8Array(bytes));
    // the garbage collector would let these pieces pile up
    bytes.transfer(0);
  }
}

/** xxHash128 in hexadecimal: it tells whether a disk has kept what it was given, and takes a fraction of sha256's time. */
export async function checksum(blob: Blob): Promise<string> {
  const hasher = await createXXHash128();
  hasher.init();
  await hashBlob(hasher, blob);
  return hasher.digest();
}
