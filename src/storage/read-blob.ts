import { KinoraError } from '../shared/errors';

/** Seconds: enough for a sleeping disk to wake up, and for a virus scanner to scan a shard. */
const defaultPatience = 20;

/**
 * Reads a Blob, or a piece of one, into memory.
 *
 * `blob.arrayBuffer()` never settles in Chromium 156 if the file behind a stored Blob has been truncated before the bytes that
 * are requested; the body of a Response ends there instead, and is too short.
 * @param patience seconds
 * @throws KinoraError `storage` if its file is gone, truncated, or does not respond
 */
export async function readBlob(blob: Blob, patience = defaultPatience): Promise<ArrayBuffer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unreadable(blob, `nothing came for ${patience} s`)), patience * 1000);
  });
  try {
    const reading = new Response(blob).arrayBuffer().catch((cause: unknown) => {
      throw unreadable(blob, String(cause), cause);
    });
    const bytes = await Promise.race([reading, silence]);
    if (bytes.byteLength !== blob.size) throw unreadable(blob, `only ${bytes.byteLength} of them are left`);
    return bytes;
  } finally {
    clearTimeout(timer);
  }
}

function unreadable(blob: Blob, problem: string, cause?: unknown): KinoraError {
  return new KinoraError('storage', `The browser cannot read back ${blob.size} stored bytes: ${problem}.`, {
    cause,
  });
}
