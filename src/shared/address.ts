/** Addresses of models: the form they are stored under, and the form that may be shown, saved in files and shared. */

/** The folder at `url` in the form that its model is stored under: with a trailing slash, without a fragment. */
export function asFolder(url: URL): URL {
  const folder = new URL(url);
  folder.hash = '';
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return folder;
}

/**
 * `address` without its query, its fragment, and a name and password before its host, which may hold the keys of signed
 * addresses. Anything but an http address is returned unchanged.
 */
export function withoutQuery(address: string): string {
  return address.replace(/^(https?:\/\/)([^/?#\\]*@)?([^?#]*).*$/is, '$1$3');
}

/** The same for every address in `text`. */
export function withoutQueries(text: string): string {
  return text.replace(/https?:\/\/[^\s"<>`]+/gi, withoutQuery);
}
