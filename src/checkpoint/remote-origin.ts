import type { AccessToken } from '../shared/access-token';
import { KinoraError } from '../shared/errors';
import { alsoEndedBy, fetchText, type HttpOptions } from './http';
import { fetchWithToken, type PublishedModel, publishedModel } from './hub';
import type { Origin, PublishedFile } from './origin';
import { RemoteFile } from './remote-file';
import { defaultPauses } from './retry';
import { lengthBytes } from './safetensors';

/** What a download is doing when it is not simply fetching; see DownloadProgress of the protocol. */
export type DownloadState = { state: 'fetching' | 'watching' | 'restarted' } | { state: 'waiting'; retryAt: number };

export interface RemoteOptions {
  /** Replaces the browser's fetch. */
  fetch?: typeof globalThis.fetch;
  /** Shown to its own origin, and to no other. */
  token?: AccessToken;
  /** Seconds to wait before what did not arrive is asked for again and again. None: the first failure is the last. */
  pauses?: readonly number[];
  /** Seconds without progress after which a request is given up, and made again if there are pauses left. */
  patience?: number;
  /** Called whenever requests begin to do something else. */
  onState?: (state: DownloadState) => void;
  /** Ends opening, and every later request of the checkpoint as well. */
  signal?: AbortSignal;
}

/**
 * So many of the pauses are made before the first answer. Until then it is more likely that the address is wrong, or that the server
 * does not allow this page, than that the server has a bad moment; and whoever has mistyped an address should soon hear of it.
 */
const firstPauses = 2;

/** A diffusers folder on a server. */
export class RemoteOrigin implements Origin {
  readonly #base: URL;
  readonly #http: HttpOptions;
  /** Once the hub was asked. */
  #published: { model: PublishedModel | undefined } | undefined;
  #answered = false;
  /** Where a file was looked for, the server sent a page instead of saying that there is none. */
  #sendsPages = false;

  /** @param base see `folderUrl`; its query is passed on with every file */
  constructor(base: URL, { fetch = globalThis.fetch, token, pauses = defaultPauses, ...options }: RemoteOptions) {
    const { patience, signal, onState } = options;
    this.#base = base;
    this.#http = {
      fetch: token === undefined ? fetch : fetchWithToken(token, fetch),
      pauses,
      patience,
      onWait: (retryAt) => onState?.({ state: 'waiting', retryAt }),
      onResume: () => onState?.({ state: 'fetching' }),
      signal,
    };
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    const options = alsoEndedBy(signal, this.#http);
    if (!this.#answered) options.pauses = options.pauses?.slice(0, firstPauses);
    const text = await fetchText(this.#url(path), options);
    this.#answered = true;
    return text;
  }

  async optionalText(path: string, signal?: AbortSignal): Promise<string | undefined> {
    try {
      return await this.text(path, signal);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  async open(path: string, signal?: AbortSignal): Promise<RemoteFile | undefined> {
    try {
      return await RemoteFile.open(this.#url(path), lengthBytes, this.#http, signal);
    } catch (error) {
      if (!isAbsence(error)) throw error;
      this.#sendsPages ||= error.code === 'html-answer';
      return undefined;
    }
  }

  async published(path: string, signal?: AbortSignal): Promise<PublishedFile | undefined> {
    this.#published ??= { model: await publishedModel(this.#base, alsoEndedBy(signal, this.#http)) };
    return this.#published.model?.files.get(path);
  }

  /** As the model's page on the hub gives it; undefined where the hub was not asked, or does not say. */
  get licence(): string | undefined {
    return this.#published?.model?.licence;
  }

  withoutWeights(_component: string, problem: string): KinoraError {
    return this.#sendsPages
      ? new KinoraError('html-answer', `${problem} The server of ${this.#base.href} answers with a page instead.`)
      : new KinoraError('not-found', `${problem} That is in ${this.#base.href}.`);
  }

  #url(path: string): string {
    const url = new URL(path, this.#base);
    url.search = this.#base.search;
    return url.href;
  }
}

/** Servers of single-page apps answer with their page where others say 404. */
function isAbsence(error: unknown): error is KinoraError {
  return error instanceof KinoraError && (error.code === 'not-found' || error.code === 'html-answer');
}
