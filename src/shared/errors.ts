import { withoutQueries } from './address';

/**
 * The codes of KinoraError. The page chooses its text by `code`; `message` says exactly what happened, in a sentence that names
 * the file, key or limit, for the details that a visitor can copy.
 */
export const errorCodes = [
  'invalid-argument', // a caller's option is out of range or of the wrong type
  'unsupported-config', // config.json asks for something that no network here implements
  'invalid-checkpoint', // not a checkpoint of this pipeline, or a file of it is malformed
  'not-found', // 404 for a file of the checkpoint
  'access-denied', // 401 or 403
  'http', // any other HTTP error
  'network', // no answer at all
  'html-answer', // a page where a file was asked for
  'range-unsupported', // the server ignores Range
  'truncated', // fewer bytes than announced
  'corrupt', // bytes that do not match their size or hash
  'changed', // the file on the server was replaced while it was being downloaded
  'local-file', // a file of a folder on disk is missing or incomplete, or can no longer be read
  'quota', // the browser refuses to store more
  'storage', // any other failure of IndexedDB, or a loss of stored data
  'newer-storage', // IndexedDB was written by a newer version of the page
  'no-webgpu', // WebGPU was requested and there is none
  'device-limits', // the device cannot do what was requested
  'out-of-memory',
  'device-lost',
  'numerics', // NaN or infinity in a result
  'cancelled',
  'busy', // a job is running
  'encoder', // no video encoder, or it failed
  'worker-died',
  'part-not-loaded', // a file of the page itself did not arrive
  'internal',
] as const;

/** One of `errorCodes`. */
export type ErrorCode = (typeof errorCodes)[number];

/** The one error class of Kinora: `code` says what kind of failure it is, `message` what exactly happened. */
export class KinoraError extends Error {
  override readonly name = 'KinoraError';
  readonly code: ErrorCode;
  /** For `quota`: bytes that are still to be stored, if known. */
  readonly missingBytes: number | undefined;

  /** @param message stored without the query strings of its addresses, because messages are copied and shared */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; missingBytes?: number }) {
    super(withoutQueries(message), options);
    this.code = code;
    this.missingBytes = options?.missingBytes;
  }
}

/**
 * What cannot be trusted after an error and is rebuilt before it is used again: the networks with their GPU devices, or the whole
 * worker. A wasm heap that has grown never shrinks, so exhausted memory costs the worker; a lost GPU costs only what was on it.
 */
export const recovery: Readonly<Partial<Record<ErrorCode, 'networks' | 'worker'>>> = {
  'device-lost': 'networks',
  'device-limits': 'networks',
  'out-of-memory': 'worker',
  'worker-died': 'worker',
  'part-not-loaded': 'worker',
  internal: 'worker',
};

/** Converts anything thrown to a KinoraError: `out-of-memory` if its message says so, otherwise `internal`. */
export function toKinoraError(thrown: unknown): KinoraError {
  if (thrown instanceof KinoraError) return thrown;
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const memory = /allocation failed|out of memory|invalid array (buffer )?length/i.test(message);
  return new KinoraError(memory ? 'out-of-memory' : 'internal', message, { cause: thrown });
}

/** @throws KinoraError `cancelled` if `signal` has been aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KinoraError('cancelled', 'The job was cancelled.');
}
