import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';

/** Small files are read into memory as a whole; longer ones do not count as small. */
export const maxTextBytes = 16 * 1024 * 1024;

/**
 * Reads a small file as text, and checks that a file named .json is JSON.
 * @param name path or address
 * @throws KinoraError `invalid-checkpoint` if it is too long, not text or not JSON; whatever reading `blob` throws
 */
export async function readText(blob: Blob, name: string): Promise<string> {
  const text = await decodeText(blob, name);
  checkJson(text, name);
  return text;
}

/** @throws KinoraError `invalid-checkpoint` if it is too long or not UTF-8; whatever reading `blob` throws */
export async function decodeText(blob: Blob, name: string): Promise<string> {
  if (blob.size > maxTextBytes) throw notSmall(name);
  const bytes = await blob.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new KinoraError('invalid-checkpoint', `${name} is not text in UTF-8.`, { cause });
  }
}

/** @throws KinoraError `invalid-checkpoint` if the name ends with .json and the text is not JSON */
export function checkJson(text: string, name: string): void {
  if (/\.json(?:[?#]|$)/.test(name)) parsePythonJson(text, name);
}

export function notSmall(name: string): KinoraError {
  return new KinoraError('invalid-checkpoint', `${name} is not a small file: it has more than ${maxTextBytes} bytes.`);
}
