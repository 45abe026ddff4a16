import { asFolder, withoutQuery } from '../shared/address';
import { KinoraError } from '../shared/errors';

/**
 * Normalizes the address of a model's folder to the form that it is stored under.
 * @throws KinoraError `invalid-argument` for a URL that cannot be a folder
 */
export function folderUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new KinoraError(
      'invalid-argument',
      `${JSON.stringify(withoutQuery(text))} is not the address of a model folder: it must begin with http:// or https:// and carry no password.`,
    );
  }
  return asFolder(url);
}
