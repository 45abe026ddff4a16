import { KinoraError, throwIfCancelled } from '../errors';
import { TransientFailure } from './retry';

export interface HttpOptions {
  fetch: typeof globalThis.fetch;
  signal?: AbortSignal;
}

/** Small files are read whole into memory: what announces more than 16 MiB is not one of them. */
const maxTextBytes = 16 * 1024 * 1024;

/**
 * GET.
 * @returns an answer with status 200 or 206 that is not a page
 * @throws KinoraError `network`, `not-found`, `access-denied`, `http`, `html-answer`, `truncated` (the range lies behind the end),
 *   `cancelled`; a TransientFailure where another try may succeed
 */
export async function get(url: string, init: RequestInit, options: HttpOptions): Promise<Response> {
  const { fetch, signal } = options;
  throwIfCancelled(signal);
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal });
  } catch (cause) {
    throwIfCancelled(signal);
    throw new TransientFailure(
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
  const refusal = `${url} was refused with HTTP ${status} ${response.statusText}`.trimEnd().concat('.');
  if (status === 401 || status === 403) {
    const model =
      'Where the model is only given to those who accept its conditions: accept them on its page, and enter an access token.';
    throw new KinoraError('access-denied', `${refusal} ${model}`);
  }
  if (status !== 408 && status !== 429 && status < 500) throw new KinoraError('http', refusal);
  throw new TransientFailure('http', refusal, { retryAfter: retryAfter(response) });
}

/** Seconds from now. RFC 9110, section 10.2.3: a number of them, or a date. */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Ends the transfer of a body that nobody reads. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

/** Content-Length: of the body as it was sent, which is not the file's length where there is a Content-Encoding. */
export function announcedBytes(response: Response): number | undefined {
  const header = response.headers.get('content-length');
  return header === null ? undefined : Number(header);
}

/**
 * Reads a body into a Blob without any of it being in JavaScript's memory. Chunks that are read one by one and joined by
 * `new Blob` would count progress more finely, but cost hundreds of megabytes of heap, and after some hundred megabytes
 * Chromium 156 refuses to store such Blobs ("Failed to write blobs (InvalidBlob)").
 * @throws KinoraError `truncated` when the body breaks off, `cancelled`
 */
export async function readBody(response: Response, signal: AbortSignal | undefined, body = response): Promise<Blob> {
  try {
    return await body.blob();
  } catch (cause) {
    throwIfCancelled(signal);
    const bytes = announcedBytes(response);
    throw new TransientFailure(
      'truncated',
      `The connection broke off before all ${bytes === undefined ? '' : `${bytes} `}bytes of ${response.url} were there. ` +
        'Load again to continue.',
      { cause },
    );
  }
}

/**
 * The same where nobody has announced how long the body is.
 * @returns undefined for more than `maxBytes`; the rest is not transferred
 */
export async function readBodyUpTo(
  maxBytes: number,
  response: Response,
  signal: AbortSignal | undefined,
): Promise<Blob | undefined> {
  let bytes = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) controller.terminate();
      else controller.enqueue(chunk);
    },
  });
  const blob = await readBody(response, signal, new Response(response.body?.pipeThrough(counter)));
  return bytes > maxBytes ? undefined : blob;
}

/**
 * A small file as text; one that is named .json is JSON.
 * @throws KinoraError as `get` and `readBody` do, and `invalid-checkpoint` for what is not text or not JSON
 */
export async function fetchText(url: string, options: HttpOptions): Promise<string> {
  const response = await get(url, { cache: 'no-cache' }, options);
  if ((announcedBytes(response) ?? 0) > maxTextBytes) {
    discard(response);
    throw new KinoraError('invalid-checkpoint', `${url} is longer than ${maxTextBytes} bytes.`);
  }
  const body = await readBody(response, options.signal);
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
