import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';

/** Small files are read whole into memory: what is longer is not one of them. */
export const maxTextBytes = 16 * 1024 * 1024;

/**
 * A small file as text; one whose name ends with .json is JSON.
 * @param name path or address
 * @throws KinoraError `invalid-checkpoint` for what is too long, not text or not JSON; whatever reading `blob` throws
 */
export async function readText(blob: Blob, name: string): Promise<string> {
  const text = await decodeText(blob, name);
  checkJson(text, name);
  return text;
}

/** @throws KinoraError `invalid-checkpoint` for what is too long or not UTF-8; whatever reading `blob` throws */
export async function decodeText(blob: Blob, name: string): Promise<string> {
  if (blob.size > maxTextBytes) throw notSmall(name);
  const bytes = await blob.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new KinoraError('invalid-checkpoint', `${name} is not text in UTF-8.`, { cause });
  }
}

/** @throws KinoraError `invalid-checkpoint` where the name ends with .json and the text is something else */
export function checkJson(text: string, name: string): void {
  if (/\.json(?:[?#]|$)/.test(name)) parsePythonJson(text, name);
}

export function notSmall(name: string): KinoraError {
  return new KinoraError('invalid-checkpoint', `${name} is not a small file: it has more than ${maxTextBytes} bytes.`);
}
