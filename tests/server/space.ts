import { inject } from 'vitest';

/** Faults of the server with a file, or additions to it. */
export interface Fault {
  /** Appends this many bytes of `pattern` with this seed. */
  fill?: number;
  seed?: number;
  /** Answers with this status and no body. */
  status?: number;
  contentType?: string;
  /** Null: none. */
  etag?: string | null;
  /** Another ETag at each answer. */
  newEtag?: boolean;
  /** Sends the whole file with status 200. */
  ignoreRange?: boolean;
  /** Sends a range that is shifted by this many bytes. */
  shiftRange?: number;
  /** Sends the whole file with status 206. */
  wholeRange?: boolean;
  gzip?: boolean;
  /** No Content-Length. */
  chunked?: boolean;
  /** Ends the connection after this many bytes; with `chunked` the body ends properly, but too early. */
  cutAfter?: number;
  /** Sends this many bytes, and then nothing more. */
  hangAfter?: number;
  /** Sends this many bytes every 300 ms. */
  drip?: number;
  /** Sends the body over and over, without end and without Content-Length. */
  endless?: boolean;
  /** Compresses the body, followed by this many MiB of blanks. */
  bomb?: number;
  /** Keeps the connection open, and sends nothing. */
  silent?: boolean;
  /** Gives no answer at all. */
  dropConnection?: boolean;
  /** With `status`: seconds of Retry-After. */
  retryAfter?: number;
  /** Redirects to another origin for the same file, like the hub. */
  redirect?: boolean;
  /** Redirects to the same address. */
  redirectLoop?: boolean;
  /** Does not allow other origins to read it. */
  noCors?: boolean;
  /** In place of the true one; null: none. */
  contentRange?: string | null;
  /** Flips a bit of the byte at this offset. */
  flip?: number;
  /** Limits all of this to this many responses. */
  times?: number;
  /** Limits all of this to responses that contain the byte at this offset. */
  at?: number;
}

export interface SpaceSettings {
  /** Missing files are answered with a page and status 200. */
  singlePageApp?: boolean;
  /** ETag and Content-Range cannot be read from another origin. */
  hideHeaders?: boolean;
}

export interface RecordedRequest {
  path: string;
  range: string | null;
  /** Without the port. */
  host: string;
  authorization: string | null;
}

/** A separate folder on the test server. */
export class Space {
  readonly url = `${inject('fileServer')}/${crypto.randomUUID()}/`;

  async put(path: string, body: string | Uint8Array<ArrayBuffer>, fault: Fault = {}): Promise<void> {
    await fetch(this.url + path, { method: 'PUT', body, headers: { 'X-Fault': JSON.stringify(fault) } });
  }

  async set(settings: SpaceSettings): Promise<void> {
    await fetch(this.url, { method: 'POST', body: JSON.stringify(settings) });
  }

  /** The GET requests so far, in order: path, or path and range. */
  async requests(): Promise<string[]> {
    return (await this.#recorded()).map(({ path, range }) => (range ? `${path} ${range}` : path));
  }

  /** Which origins received which Authorization, `127.0.0.1 Bearer secret`, each once. */
  async authorizations(): Promise<string[]> {
    const shown = (await this.#recorded()).map(({ host, authorization }) => `${host} ${authorization ?? 'nothing'}`);
    return [...new Set(shown)];
  }

  async #recorded(): Promise<RecordedRequest[]> {
    return (await fetch(`${this.url}?requests`)).json();
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the test server. */
    fileServer: string;
  }
}
