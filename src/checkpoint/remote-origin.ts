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
  /** Sent only to its own origin. */
  token?: AccessToken;
  /** Seconds to wait before each retry of a failed request. If empty, the first failure is final. */
  pauses?: readonly number[];
  /** Seconds without progress after which a request is given up, and retried if pauses are left. */
  patience?: number;
  /** Called when the state of the download changes. */
  onState?: (state: DownloadState) => void;
  /** Ends the opening and every later request of the checkpoint. */
  signal?: AbortSignal;
}

/**
 * How many pauses are made before the first response. Until then it is more likely that the address is wrong, or that the server
 * does not allow this page, than that the server is briefly down; and visitors who mistype an address should learn of it soon.
 */
const firstPauses = 2;

/** A diffusers folder on a server. */
export class RemoteOrigin implements Origin {
  readonly #base: URL;
  readonly #http: HttpOptions;
  /** Set once the hub has been asked. */
  #published: { model: PublishedModel | undefined } | undefined;
  #answered = false;
  /** The server has answered a request for a missing file with a page instead of 404. */
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

  /** As the model's page on the hub states it; undefined if the hub was not asked or does not say. */
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

/** Servers of single-page apps send their page where others answer 404. */
function isAbsence(error: unknown): error is KinoraError {
  return error instanceof KinoraError && (error.code === 'not-found' || error.code === 'html-answer');
}
