import { KinoraError, throwIfCancelled } from '../shared/errors';
import { type Attempt, type RetryOptions, TransientFailure, withRetries } from './retry';
import { checkJson, decodeText, maxTextBytes, notSmall } from './text-file';

export interface HttpOptions extends RetryOptions {
  fetch: typeof globalThis.fetch;
}

/** The same options, also ended by `signal`. */
export function alsoEndedBy(signal: AbortSignal | undefined, options: HttpOptions): HttpOptions {
  const signals = [options.signal, signal].filter((given) => given !== undefined);
  return { ...options, signal: AbortSignal.any(signals) };
}

/**
 * Makes a GET request and has `read` process the response; retries both after transient failures.
 * @param read receives responses with status 200 or 206 that are not HTML pages
 * @throws KinoraError `network`, `not-found`, `access-denied`, `http`, `html-answer`, `truncated` (the range lies behind the
 *   end), `cancelled`; what `read` throws
 */
export function request<T>(
  url: string,
  init: RequestInit,
  read: (response: Response, attempt: Attempt) => Promise<T>,
  options: HttpOptions,
): Promise<T> {
  const attemptOnce = async (attempt: Attempt) => {
    const response = await get(url, init, options.fetch, attempt);
    try {
      return await read(response, attempt);
    } catch (error) {
      discard(response);
      throw error;
    }
  };
  return withRetries(url, attemptOnce, options);
}

async function get(url: string, init: RequestInit, fetch: HttpOptions['fetch'], attempt: Attempt): Promise<Response> {
  const { signal, onArrival } = attempt;
  throwIfCancelled(signal);
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal });
  } catch (cause) {
    throwIfCancelled(signal);
    throw new TransientFailure(
      'network',
      `No answer from ${url}, or none that could be read: its redirects may form a loop, or its encoding may be wrong. Check the ` +
        'connection; a server on another origin must also allow this page to read it (CORS).',
      { cause },
    );
  }
  onArrival();
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
    const model = 'If the model requires you to accept conditions, accept them on its page and enter an access token.';
    throw new KinoraError('access-denied', `${refusal} ${model}`);
  }
  if (status !== 408 && status !== 429 && status < 500) throw new KinoraError('http', refusal);
  throw new TransientFailure('http', refusal, { retryAfter: retryAfter(response) });
}

/** Seconds to wait, from the Retry-After header: a number of seconds or a date. Source: RFC 9110, section 10.2.3. */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Ends the transfer of a body that nobody reads. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

/** Content-Length: bytes of the body as sent, which differ from the file's if there is a Content-Encoding. */
function announcedBytes(response: Response): number | undefined {
  const header = response.headers.get('content-length');
  return header === null ? undefined : Number(header);
}

/**
 * Reads a body into a Blob without holding all of it in JavaScript's memory. Counting costs throughput (Chromium 156 on two
 * cores, from 127.0.0.1: 220 MiB/s instead of 800), but there is no other way to notice that a body makes progress, or never
 * ends. The counted chunks are handed back to the browser: joined by `new Blob` they would cost hundreds of megabytes of heap,
 * and after some hundred megabytes Chromium 156 refuses to store such Blobs ("Failed to write blobs (InvalidBlob)").
 * @returns undefined for more than `maxBytes`, whatever Content-Length says; the rest is not transferred
 * @throws KinoraError `truncated` if the body is cut off, `cancelled`
 */
export async function readBody(response: Response, maxBytes: number, attempt: Attempt): Promise<Blob | undefined> {
  const announced = announcedBytes(response);
  if (announced !== undefined && announced > maxBytes) return undefined;
  let bytes = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      attempt.onArrival(chunk.byteLength);
      if (bytes > maxBytes) controller.terminate();
      else controller.enqueue(chunk);
    },
  });
  try {
    const blob = await new Response(response.body?.pipeThrough(counter)).blob();
    return bytes > maxBytes ? undefined : blob;
  } catch (cause) {
    throwIfCancelled(attempt.signal);
    throw new TransientFailure(
      'truncated',
      `The connection was cut before all ${announced === undefined ? '' : `${announced} `}bytes of ${response.url} were ` +
        'there. Try again to continue.',
      { cause },
    );
  }
}

/**
 * Fetches a small file as text, and checks that a file named .json is JSON.
 * @throws KinoraError as `request` and `readBody` do, and `invalid-checkpoint` if it is too long, not text or not JSON
 */
export function fetchText(url: string, options: HttpOptions): Promise<string> {
  const read = async (response: Response, attempt: Attempt) => {
    const body = await readBody(response, maxTextBytes, attempt);
    if (!body) throw notSmall(url);
    const text = await decodeText(body, url);
    // a page with the wrong content type
    if (/^\s*<(!doctype|html)/i.test(text)) throw htmlAnswer(url);
    checkJson(text, url);
    return text;
  };
  return request(url, { cache: 'no-cache' }, read, options);
}

function htmlAnswer(url: string): KinoraError {
  return new KinoraError(
    'html-answer',
    `${url} answered with a page instead of a file. Check the address of the model.`,
  );
}
