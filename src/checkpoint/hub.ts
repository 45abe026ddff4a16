import { z } from 'zod';
import { type AccessToken, canHaveToken, tokenOf } from '../shared/access-token';
import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { shortened } from '../shared/quote';
import { fetchText, type HttpOptions } from './http';
import type { PublishedFile } from './origin';

export interface PublishedModel {
  /** Files by their path in the folder. */
  readonly files: ReadonlyMap<string, PublishedFile>;
  /** For example `cc-by-nc-4.0`. */
  readonly licence: string | undefined;
}

/** Hashes of known revisions, so that not even the hub itself can substitute other files. */
const known: Readonly<Record<string, Readonly<Record<string, PublishedFile>>>> = {
  '8227dddca75a8561bf858d604cc5dae52b954d01': {
    'unet/diffusion_pytorch_model.fp16.safetensors': {
      bytes: 2_822_650_226,
      sha256: 'f972e78d39735baa09aab1cf60dd19f213e32f1c5a89382385e1a7f647b2e537',
    },
    'text_encoder/model.fp16.safetensors': {
      bytes: 680_821_102,
      sha256: '6ab158327d06ce861b5c78843672c78433ea82fcf03f142097ba204b81251cd2',
    },
    'vae/diffusion_pytorch_model.fp16.safetensors': {
      bytes: 167_335_350,
      sha256: 'c8b011e5a18c53888d51a81aa28223ddec87b450c14dc9650d9c3ebbcd17624e',
    },
  },
};

/** `huggingface_hub.HfApi.model_info(files_metadata=True)`: the fields of the response that are needed. */
const infoSchema = z.object({
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.number().optional(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number() }).nullish(),
    }),
  ),
  cardData: z
    .object({ license: z.string().optional().catch(undefined) })
    .nullish()
    .catch(undefined),
});

interface Repository {
  /** Address of the hub, without a trailing slash. */
  hub: string;
  /** `owner/name`. */
  name: string;
  revision: string;
}

/** A repository on the Hugging Face hub or a compatible server, with its files under `…/owner/name/resolve/revision/`. */
function parseRepository(folder: URL): Repository | undefined {
  const [, hub, name, revision] =
    /^(https?:\/\/[^?#]*?)\/([^/?#]+\/[^/?#]+)\/resolve\/([^/?#]+)\/$/.exec(folder.origin + folder.pathname) ?? [];
  return hub !== undefined && name !== undefined && revision !== undefined ? { hub, name, revision } : undefined;
}

/**
 * What the hub says about the model at `folder`; undefined if the address is not a hub's.
 * @throws KinoraError `access-denied`, `network`, `http`, `cancelled`, and `invalid-checkpoint` if the response cannot be read
 */
export async function publishedModel(folder: URL, options: HttpOptions): Promise<PublishedModel | undefined> {
  const repository = parseRepository(folder);
  if (!repository) return undefined;
  const { hub, name, revision } = repository;
  const url = `${hub}/api/models/${name}/revision/${revision}?blobs=true`;
  const pinned = Object.hasOwn(known, revision) ? known[revision] : undefined;
  if (pinned) return { files: new Map(Object.entries(pinned)), licence: undefined };
  let json: string;
  try {
    json = await fetchText(url, options);
  } catch (error) {
    // not a hub, only an address that looks like one
    if (error instanceof KinoraError && (error.code === 'not-found' || error.code === 'html-answer')) return undefined;
    throw error;
  }
  const { success, data: info, error: cause } = infoSchema.safeParse(parsePythonJson(json, url));
  if (!success) {
    throw new KinoraError('invalid-checkpoint', `${shortened(url)} does not describe a model on the hub.`, { cause });
  }
  const files = info.siblings.flatMap(({ rfilename, size, lfs }): [string, PublishedFile][] => {
    const bytes = lfs?.size ?? size;
    return bytes === undefined ? [] : [[rfilename, { bytes, sha256: lfs?.sha256 }]];
  });
  return { files: new Map(files), licence: info.cardData?.license };
}

/**
 * A fetch that sends a token to the origin it was entered for and nowhere else, not even to the servers it redirects to, since
 * browsers drop the header when a redirect leaves the origin.
 * @throws KinoraError `invalid-argument` for an origin that must not receive tokens, or an impossible token
 */
export function fetchWithToken({ origin, token }: AccessToken, fetch: HttpOptions['fetch']): HttpOptions['fetch'] {
  if (!canHaveToken(origin)) {
    throw new KinoraError(
      'invalid-argument',
      `An access token needs an origin with https, such as https://huggingface.co; ${JSON.stringify(origin)} is not one.`,
    );
  }
  if (token === '' || tokenOf(token) !== token) {
    throw new KinoraError(
      'invalid-argument',
      'The access token is empty or contains characters that tokens never have.',
    );
  }
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) return fetch(input, init);
    const headers = new Headers(init?.headers);
    headers.set('Authorization', `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
}
