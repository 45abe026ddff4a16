import { inject } from 'vitest';

/** What the server does wrong with a file, or adds to it. */
export interface Fault {
  /** Appends so many bytes of `pattern` with this seed. */
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
  /** Sends a range that lies so many bytes further. */
  shiftRange?: number;
  /** Sends the whole file with status 206. */
  wholeRange?: boolean;
  gzip?: boolean;
  /** No Content-Length. */
  chunked?: boolean;
  /** Ends the connection after so many bytes; with `chunked` the body ends properly, only too early. */
  cutAfter?: number;
  /** Sends so many bytes, and then nothing more. */
  hangAfter?: number;
  /** Sends so many bytes every 300 ms. */
  drip?: number;
  /** Sends the body over and over, without end and without Content-Length. */
  endless?: boolean;
  /** Compressed, so many MiB of blanks follow the body. */
  bomb?: number;
  /** Keeps the connection, and says nothing. */
  silent?: boolean;
  /** Gives no answer at all. */
  dropConnection?: boolean;
  /** With `status`: seconds of Retry-After. */
  retryAfter?: number;
  /** Sends the browser to another origin for the same file, as the hub does. */
  redirect?: boolean;
  /** Sends the browser to where it already is. */
  redirectLoop?: boolean;
  /** Does not allow other origins to read it. */
  noCors?: boolean;
  /** In place of the true one; null: none. */
  contentRange?: string | null;
  /** Turns over a bit of the byte at this offset. */
  flip?: number;
  /** All of this happens only to so many answers, and then no more. */
  times?: number;
  /** All of this happens only to answers that contain the byte at this offset. */
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

/** A folder of its own on the test server. */
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

  /** Which origins were shown which Authorization, `127.0.0.1 Bearer secret`, each once. */
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
