import { withoutQueries } from './address';

/**
 * The one error class of Kinora. What the page says is chosen by `code`; `message` says what exactly happened, in a
 * sentence that names the file, key or limit, for the details that a visitor can copy.
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
  'corrupt', // bytes that are not what their size or hash says
  'changed', // the file on the server was replaced while it was being downloaded
  'local-file', // a file of a folder on disk is missing, not whole, or can no longer be read
  'quota', // the browser refuses to store more
  'storage', // IndexedDB fails otherwise, or has lost what was stored
  'newer-storage', // IndexedDB was written by a newer version of the page
  'no-webgpu', // WebGPU was asked for and there is none
  'device-limits', // the device cannot hold what was asked for
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

export type ErrorCode = (typeof errorCodes)[number];

export class KinoraError extends Error {
  override readonly name = 'KinoraError';
  readonly code: ErrorCode;
  /** Of `quota`, where it is known: what is still to be stored. */
  readonly missingBytes: number | undefined;

  /** @param message is kept without the queries of its addresses: it is copied and sent to others */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; missingBytes?: number }) {
    super(withoutQueries(message), options);
    this.code = code;
    this.missingBytes = options?.missingBytes;
  }
}

/**
 * What cannot be trusted after an error and is made anew before it is used again: the networks with their GPU devices, or the whole
 * worker. A wasm heap that has grown never shrinks, so exhausted memory takes its worker with it; a lost GPU takes only what lay on it.
 */
export const recovery: Readonly<Partial<Record<ErrorCode, 'networks' | 'worker'>>> = {
  'device-lost': 'networks',
  'device-limits': 'networks',
  'out-of-memory': 'worker',
  'worker-died': 'worker',
  'part-not-loaded': 'worker',
  internal: 'worker',
};

/** Everything that can be thrown, as a KinoraError; what is none becomes `internal`, or `out-of-memory` where it says so. */
export function toKinoraError(thrown: unknown): KinoraError {
  if (thrown instanceof KinoraError) return thrown;
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const memory = /allocation failed|out of memory|invalid array (buffer )?length/i.test(message);
  return new KinoraError(memory ? 'out-of-memory' : 'internal', message, { cause: thrown });
}

/** Throws the `cancelled` error when `signal` has been aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KinoraError('cancelled', 'The job was cancelled.');
}
