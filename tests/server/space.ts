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
  /** Sends the whole file with status 200. */
  ignoreRange?: boolean;
  /** Sends a range that lies so many bytes further. */
  shiftRange?: number;
  gzip?: boolean;
  /** No Content-Length. */
  chunked?: boolean;
  /** Ends the connection after so many bytes; with `chunked` the body ends properly, only too early. */
  cutAfter?: number;
  /** Sends so many bytes, and then nothing more. */
  hangAfter?: number;
  /** Gives no answer at all. */
  dropConnection?: boolean;
  /** All of this happens only to answers that contain the byte at this offset. */
  at?: number;
}

export interface SpaceSettings {
  /** Missing files are answered with a page and status 200. */
  singlePageApp?: boolean;
  /** ETag and Content-Range cannot be read from another origin. */
  hideHeaders?: boolean;
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
    const requests: { path: string; range: string | null }[] = await (await fetch(`${this.url}?requests`)).json();
    return requests.map(({ path, range }) => (range ? `${path} ${range}` : path));
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the test server. */
    fileServer: string;
  }
}
