import { KinoraError } from '../errors';

/** Small files are read whole into memory: what is longer is not one of them. */
const maxTextBytes = 16 * 1024 * 1024;

/**
 * A small file as text; one whose path ends with .json is JSON.
 * @param path for messages
 * @throws KinoraError `invalid-checkpoint` for what is too long, not text or not JSON; whatever reading `blob` throws
 */
export async function readText(blob: Blob, path: string): Promise<string> {
  const refuse = (what: string, cause?: unknown) =>
    new KinoraError('invalid-checkpoint', `${path} is not ${what}.`, { cause });
  if (blob.size > maxTextBytes) throw refuse(`a small file: it has more than ${maxTextBytes} bytes`);
  const bytes = await blob.arrayBuffer();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse('text in UTF-8', cause);
  }
  if (path.endsWith('.json')) {
    try {
      // Python writes infinities as JSON has no word for
      JSON.parse(text.replace(/:(\s*-?)Infinity\b/g, ':$11'));
    } catch (cause) {
      throw refuse('valid JSON', cause);
    }
  }
  return text;
}
