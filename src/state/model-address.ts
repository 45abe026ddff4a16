/** What a visitor may type to name a model: an address, or what the hub calls it. */
import { hubOrigin } from '../shared/access-token';
import { asFolder } from '../shared/address';

/**
 * The folder that is meant: `owner/name` and pages of the hub become the address of the repository's files.
 * @param revision of the hub; `main` unless the text names one
 * @returns undefined for what is no address
 */
export function modelAddress(text: string, revision = 'main'): string | undefined {
  const trimmed = text.trim();
  // dots alone are no name: in an address they are the folder above
  if (/^(?!\.+\/)[\w.-]+\/(?!\.+$)[\w.-]+$/.test(trimmed)) return `${hubOrigin}/${trimmed}/resolve/${revision}/`;
  const url = URL.parse(trimmed);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  const [, repository, , named] =
    /^\/([^/]+\/[^/]+)(\/(?:tree|blob|resolve)\/([^/]+))?(?:\/.*)?$/.exec(url.pathname) ?? [];
  if (/^(www\.)?(huggingface\.co|hf\.co)$/.test(url.hostname) && repository) {
    return `${hubOrigin}/${repository}/resolve/${named ?? revision}/`;
  }
  return storedId(url.href);
}

/** What a model at this address is stored under: see openCheckpoint. */
export function storedId(address: string): string {
  const url = new URL(address);
  return /^https?:$/.test(url.protocol) ? asFolder(url).href : address;
}

/**
 * The server that an address leads to, for a visitor to see, since anybody can give a model the name of another. With the scheme
 * where it is not https.
 * @param own origin of the page
 * @returns undefined for the Hugging Face hub, for the page's own server, and for what lies on no server
 */
export function foreignHost(address: string, own = location.origin): string | undefined {
  const { protocol, origin, host } = URL.parse(address) ?? {};
  if (origin === hubOrigin || origin === own) return undefined;
  return protocol === 'https:' ? host : protocol === 'http:' ? origin : undefined;
}
