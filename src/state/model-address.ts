/** What a visitor may type to name a model: an address, or its name on the hub. */
import { hubOrigin } from '../shared/access-token';
import { asFolder } from '../shared/address';

/**
 * The address of the folder that is meant: `owner/name` and hub pages become the address of the repository's files.
 * @param revision of the hub; `main` unless the text names one
 * @returns undefined if it is not an address
 */
export function modelAddress(text: string, revision = 'main'): string | undefined {
  const trimmed = text.trim();
  // dots alone are not a name: in an address they mean the parent folder
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

/** The id that a model at this address is stored under: see openCheckpoint. */
export function storedId(address: string): string {
  const url = new URL(address);
  return /^https?:$/.test(url.protocol) ? asFolder(url).href : address;
}

/**
 * The server that an address leads to, shown to visitors, since anyone can give a model another one's name. With the scheme if
 * that is not https.
 * @param own origin of the page
 * @returns undefined for the Hugging Face hub, for the page's own server, and for models that are not on a server
 */
export function foreignHost(address: string, own = location.origin): string | undefined {
  const { protocol, origin, host } = URL.parse(address) ?? {};
  if (origin === hubOrigin || origin === own) return undefined;
  return protocol === 'https:' ? host : protocol === 'http:' ? origin : undefined;
}
