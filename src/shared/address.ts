/** Addresses: as a model is stored under, and as they may be shown, stored in a file and sent to others. */

/** The folder at `url` in the one form that its model is stored under: with a slash at its end, without a fragment. */
export function asFolder(url: URL): URL {
  const folder = new URL(url);
  folder.hash = '';
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return folder;
}

/**
 * `address` without its query, its fragment, and a name and password before its host: keys of signed addresses are there, and are
 * nobody else's. What is no http address stays as it is.
 */
export function withoutQuery(address: string): string {
  return address.replace(/^(https?:\/\/)([^/?#\\]*@)?([^?#]*).*$/is, '$1$3');
}

/** The same for every address in `text`. */
export function withoutQueries(text: string): string {
  return text.replace(/https?:\/\/[^\s"<>`]+/gi, withoutQuery);
}
