import { KinoraError } from '../shared/errors';
import { FileDigest } from './file-digest';
import { alsoEndedBy, type HttpOptions, readBody, request } from './http';
import type { FileDescription, OriginFile } from './origin';
import { type Attempt, TransientFailure } from './retry';
import { readTensorTable } from './weight-files';

/** A server that ignores Range sends the whole file, which is accepted up to 64 MiB, since many simple servers do so. */
const maxWholeBytes = 64 * 1024 * 1024;

/** Progress is counted in responses, and on a slow connection a larger one would seem to stall. */
const pieceBytes = 8 * 1024 * 1024;

interface ReadOptions {
  signal?: AbortSignal;
  /** Called with the bytes of each piece, at most 8 MiB. */
  onBytes?: (bytes: number) => void;
}

/** What a server says about a file in every response. */
interface Identity {
  /** Bytes of the whole file; undefined if the server does not let this page read Content-Range. */
  size: number | undefined;
  /** ETag, or else Last-Modified, or else empty. */
  validator: string;
}

/** A file on a server, read in pieces by Range, and checked to be the same file from the first piece to the last. */
export class RemoteFile implements OriginFile {
  readonly lasting = true;
  /** Enough to saturate a fast connection while one shard is being stored, few enough to be polite. */
  readonly readsAtOnce = 4;
  readonly size: number | undefined;
  readonly validator: string;
  readonly url: string;
  readonly #options: HttpOptions;
  /** The beginning of the file, or all of it if the server ignores Range. */
  readonly #begin: Blob;

  private constructor(url: string, options: HttpOptions, identity: Identity, begin: Blob) {
    this.url = url;
    this.#options = options;
    this.size = identity.size;
    this.validator = identity.validator;
    this.#begin = begin;
  }

  /**
   * Fetches the first `bytes` bytes, and thereby learns what the server supports.
   * @param options also used for later reads
   * @param signal ends only the opening
   * @throws KinoraError as `request` does; `range-unsupported`; `truncated`
   */
  static open(url: string, bytes: number, options: HttpOptions, signal?: AbortSignal): Promise<RemoteFile> {
    const read = async (response: Response, attempt: Attempt) => {
      if (response.status === 206) {
        return new RemoteFile(url, options, identify(response), await readRange(response, 0, bytes, attempt));
      }
      const whole = await readBody(response, maxWholeBytes, attempt);
      if (whole) return new RemoteFile(url, options, { size: whole.size, validator: validatorOf(response) }, whole);
      throw new KinoraError(
        'range-unsupported',
        `The server of ${url} cannot send parts of a file (it ignores Range), and the file is larger than ${maxWholeBytes} bytes.`,
      );
    };
    return request(url, range(0, bytes), read, alsoEndedBy(signal, options));
  }

  /**
   * If the server gives no validator, the bytes of the description serve to tell files of equal size apart.
   * @throws KinoraError as `read` and `readTensorTable` do
   */
  async describe(path: string, signal?: AbortSignal): Promise<FileDescription> {
    // a file received in a single response is consistent
    const unverified = this.validator === '' && this.#begin.size !== this.size;
    const digest = unverified ? await FileDigest.create() : undefined;
    const read = async (begin: number, end: number) => {
      const part = await this.read(begin, end, { signal });
      await digest?.update(part);
      return new Uint8Array(await part.arrayBuffer());
    };
    const tensors = await readTensorTable({ size: this.size, read }, path);
    return { tensors, validator: digest?.hex() ?? this.validator, unverified };
  }

  /**
   * The bytes `[begin, end)`.
   * @throws KinoraError as `request` does; `range-unsupported`; `truncated`; `changed` if the file has changed since it was
   *   opened
   */
  async read(begin: number, end: number, options: ReadOptions = {}): Promise<Blob> {
    if (this.size !== undefined && end > this.size) {
      throw new KinoraError('truncated', `${this.url} ends at byte ${this.size}, before byte ${end}.`);
    }
    if (end <= this.#begin.size) {
      options.onBytes?.(end - begin);
      return this.#begin.slice(begin, end);
    }
    const pieces: Blob[] = [];
    for (let at = begin; at < end; at += pieceBytes) {
      const piece = await this.#readPiece(at, Math.min(at + pieceBytes, end), options.signal);
      pieces.push(piece);
      options.onBytes?.(piece.size);
    }
    return new Blob(pieces);
  }

  #readPiece(begin: number, end: number, signal: AbortSignal | undefined): Promise<Blob> {
    const read = async (response: Response, attempt: Attempt) => {
      if (response.status === 200) {
        throw new KinoraError(
          'range-unsupported',
          `The server of ${this.url} sent the whole file instead of a part of it.`,
        );
      }
      const { size, validator } = identify(response);
      if (size === this.size && validator === this.validator) return readRange(response, begin, end, attempt);
      throw new KinoraError('changed', `${this.url} was replaced by another version while it was being downloaded.`);
    };
    return request(this.url, range(begin, end), read, alsoEndedBy(signal, this.#options));
  }
}

/** Without no-store, the HTTP cache would keep the same bytes a second time. */
function range(begin: number, end: number): RequestInit {
  return { cache: 'no-store', headers: { Range: `bytes=${begin}-${end - 1}` } };
}

/**
 * Reads the body of a response with status 206. Content-Range is checked if it can be read: not across origins, unless the server
 * exposes it.
 */
async function readRange(response: Response, begin: number, end: number, attempt: Attempt): Promise<Blob> {
  const asked = end - begin;
  const { first, last, size } = contentRange(response) ?? { first: begin, last: end - 1 };
  const short = first === begin && size !== undefined && size < end && last === size - 1;
  if (!short && (first !== begin || last !== end - 1)) {
    throw new KinoraError(
      'range-unsupported',
      `The server of ${response.url} sent "${response.headers.get('content-range')}" where bytes ${begin}-${end - 1} were asked for.`,
    );
  }
  const blob = await readBody(response, asked, attempt);
  if (blob?.size === asked) return blob;
  const sent = `${response.url} sent ${blob ? blob.size : 'more'} bytes where ${asked} were asked for, from byte ${begin} on.`;
  if (!blob) throw new KinoraError('range-unsupported', sent);
  // that is all there is, according to the server itself
  if (short && blob.size === size - begin) throw new KinoraError('truncated', `${sent} The file is damaged.`);
  throw new TransientFailure('truncated', `${sent} The file on the server may be damaged.`);
}

function contentRange(response: Response): { first: number; last: number; size: number | undefined } | undefined {
  const header = response.headers.get('content-range');
  if (header === null) return undefined;
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header.trim()) ?? [];
  return {
    first: Number(first),
    last: Number(last),
    size: size === undefined || size === '*' ? undefined : Number(size),
  };
}

function identify(response: Response): Identity {
  return { size: contentRange(response)?.size, validator: validatorOf(response) };
}

function validatorOf(response: Response): string {
  return response.headers.get('etag') ?? response.headers.get('last-modified') ?? '';
}
