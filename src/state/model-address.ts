/** What a visitor may type to name a model: an address, or what the hub calls it. */

const hub = 'https://huggingface.co';

/**
 * The folder that is meant: `owner/name` and pages of the hub become the address of the repository's files.
 * @param revision of the hub; `main` unless the text names one
 * @returns undefined for what is no address
 */
export function modelAddress(text: string, revision = 'main'): string | undefined {
  const trimmed = text.trim();
  // dots alone are no name: in an address they are the folder above
  if (/^(?!\.+\/)[\w.-]+\/(?!\.+$)[\w.-]+$/.test(trimmed)) return `${hub}/${trimmed}/resolve/${revision}/`;
  const url = URL.parse(trimmed);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  const [, repository, , named] =
    /^\/([^/]+\/[^/]+)(\/(?:tree|blob|resolve)\/([^/]+))?(?:\/.*)?$/.exec(url.pathname) ?? [];
  if (/^(www\.)?(huggingface\.co|hf\.co)$/.test(url.hostname) && repository) {
    return `${hub}/${repository}/resolve/${named ?? revision}/`;
  }
  return storedId(url.href);
}

/** What a model at this address is stored under: see openCheckpoint. */
export function storedId(address: string): string {
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) return address;
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url.href;
}
