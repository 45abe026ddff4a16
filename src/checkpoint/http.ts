import { KinoraError, throwIfCancelled } from '../errors';

export interface HttpOptions {
  fetch: typeof globalThis.fetch;
  signal?: AbortSignal;
}

/** Small files are read whole into memory: what is longer than 16 MiB is not one of them. */
const maxTextBytes = 16 * 1024 * 1024;

/** While a body arrives, its chunks are handed to the browser as a Blob each time that many bytes are there. */
const partBytes = 4 * 1024 * 1024;

/**
 * GET.
 * @returns an answer with status 200 or 206 that is not a page
 * @throws KinoraError `network`, `not-found`, `http`, `html-answer`, `truncated` (the range lies behind the end), `cancelled`
 */
export async function get(url: string, init: RequestInit, options: HttpOptions): Promise<Response> {
  const { fetch, signal } = options;
  throwIfCancelled(signal);
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal });
  } catch (cause) {
    throwIfCancelled(signal);
    throw new KinoraError(
      'network',
      `No answer from ${url}. Check the connection; a server on another origin must also allow this page to read it (CORS).`,
      { cause },
    );
  }
  const { status } = response;
  if (status === 200 || status === 206) {
    if (!/^(text\/html|application\/xhtml)/i.test(response.headers.get('content-type') ?? '')) return response;
    discard(response);
    throw htmlAnswer(url);
  }
  discard(response);
  if (status === 404 || status === 410) throw new KinoraError('not-found', `${url} does not exist (HTTP ${status}).`);
  if (status === 416) throw new KinoraError('truncated', `${url} is shorter than it should be (HTTP 416).`);
  throw new KinoraError('http', `${url} was refused with HTTP ${status} ${response.statusText}`.trimEnd().concat('.'));
}

/** Ends the transfer of a body that nobody reads. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

interface BodyOptions {
  /** How many bytes may come at most. */
  limit: number;
  /** What is thrown when more come. */
  tooLong: () => KinoraError;
  signal?: AbortSignal;
  /** Called with the bytes of each chunk. */
  onBytes?: (bytes: number) => void;
}

/**
 * Reads a body into a Blob; no more than a few MiB of it are in JavaScript's memory at a time. Only the bytes that arrive
 * are counted: Content-Length is that of the compressed body where there is a Content-Encoding.
 * @throws KinoraError `truncated` when the body breaks off, `cancelled`, or what `tooLong` gives
 */
export async function readBody(response: Response, options: BodyOptions): Promise<Blob> {
  const { limit, tooLong, signal, onBytes } = options;
  const reader = response.body?.getReader();
  if (!reader) return new Blob();
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let chunkBytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throwIfCancelled(signal);
      throw new KinoraError('truncated', `${response.url} broke off after ${bytes} bytes. Load again to continue.`, {
        cause,
      });
    });
    if (done) return new Blob([...parts, ...chunks]);
    bytes += value.byteLength;
    if (bytes > limit) {
      reader.cancel().catch(() => undefined);
      throw tooLong();
    }
    chunks.push(value);
    chunkBytes += value.byteLength;
    if (chunkBytes >= partBytes) {
      parts.push(new Blob(chunks));
      chunks = [];
      chunkBytes = 0;
    }
    onBytes?.(value.byteLength);
  }
}

/**
 * A small file as text; one that is named .json is JSON.
 * @throws KinoraError as `get` and `readBody` do, and `invalid-checkpoint` for what is not text or not JSON
 */
export async function fetchText(url: string, options: HttpOptions): Promise<string> {
  const response = await get(url, { cache: 'no-cache' }, options);
  const body = await readBody(response, {
    signal: options.signal,
    limit: maxTextBytes,
    tooLong: () => new KinoraError('invalid-checkpoint', `${url} is longer than ${maxTextBytes} bytes.`),
  });
  const refuse = (what: string, cause: unknown) =>
    new KinoraError('invalid-checkpoint', `${url} is not ${what}.`, { cause });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await body.arrayBuffer());
  } catch (cause) {
    throw refuse('text in UTF-8', cause);
  }
  // a page that is sent as something else
  if (/^\s*<(!doctype|html)/i.test(text)) throw htmlAnswer(url);
  if (url.split(/[?#]/)[0]?.endsWith('.json')) {
    try {
      JSON.parse(text);
    } catch (cause) {
      throw refuse('valid JSON', cause);
    }
  }
  return text;
}

function htmlAnswer(url: string): KinoraError {
  return new KinoraError(
    'html-answer',
    `${url} answered with a page instead of a file. Check the address of the model.`,
  );
}
