import { KinoraError, throwIfCancelled } from '../shared/errors';

/** A failure that may soon pass: no answer, a truncated body, a server that is overloaded or asks to wait. */
export class TransientFailure extends KinoraError {
  /** Seconds that the server asks to wait for, from its Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(
    code: 'network' | 'truncated' | 'http',
    message: string,
    { retryAfter, cause }: { retryAfter?: number; cause?: unknown } = {},
  ) {
    super(code, message, { cause });
    this.retryAfter = retryAfter;
  }
}

/** Seconds: short enough to go unnoticed at first; after a minute and a half in all, the visitor should be told. */
export const defaultPauses: readonly number[] = [1, 2, 4, 8, 16, 30, 30];

/** Seconds. If a server asks to wait longer than this, the request fails. */
const maxRetryAfter = 120;

/**
 * An attempt is given up when fewer than `leastBytes` arrive within this many seconds. What counts is progress, not total time: a
 * piece of 8 MiB may take an hour, as it does over GPRS, but anything slower than 0.5 KiB/s would never end. Mobile networks
 * pause for up to about ten seconds when they change cells.
 */
const defaultPatience = 30;
const leastBytes = 16 * 1024;

/** How many times progress is checked within the seconds of patience; see withPatience. */
const ticks = 10;

export interface RetryOptions {
  /** Seconds before each retry. If empty, the first failure is final. */
  pauses?: readonly number[];
  /** Called before each pause, with the time of the next attempt in milliseconds, like Date.now(). */
  onWait?: (retryAt: number, failure: TransientFailure) => void;
  /** Called when an attempt has succeeded after a pause. */
  onResume?: () => void;
  /** Seconds without progress after which an attempt is given up: a connection may be lost silently. */
  patience?: number;
  signal?: AbortSignal;
}

/** One attempt at a request. */
export interface Attempt {
  /** Aborted when everything is cancelled, and when this attempt is given up. */
  readonly signal: AbortSignal;
  /** To be called with the number of bytes that have arrived, and without an argument when a response begins. */
  readonly onArrival: (bytes?: number) => void;
}

/**
 * Retries `attempt` after each TransientFailure and each attempt without progress, with growing pauses. A connection that comes
 * back ends a pause.
 * @param url for the message
 * @throws what `attempt` threw last; KinoraError `cancelled`
 */
export async function withRetries<T>(
  url: string,
  attempt: (attempt: Attempt) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { pauses = [], onWait, onResume, signal } = options;
  for (let tries = 0; ; tries++) {
    try {
      const result = await withPatience(url, attempt, options);
      if (tries > 0) onResume?.();
      return result;
    } catch (error) {
      const pause = pauses[tries];
      if (!(error instanceof TransientFailure) || pause === undefined) throw error;
      if (error.retryAfter !== undefined && error.retryAfter > maxRetryAfter) throw error;
      // randomized, because a server may have turned many visitors away at the same moment
      const seconds = Math.max(error.retryAfter ?? 0, pause * (0.75 + Math.random() / 2));
      onWait?.(Date.now() + seconds * 1000, error);
      await rest(seconds, error.code === 'network', signal);
    }
  }
}

/**
 * Time is counted in timer ticks, which do not pile up: a frozen tab or a busy worker has not yet seen what arrived in the
 * meantime.
 */
async function withPatience<T>(
  url: string,
  attempt: (attempt: Attempt) => Promise<T>,
  { patience = defaultPatience, signal }: RetryOptions,
): Promise<T> {
  const over = new AbortController();
  let waited = 0;
  let arrived = 0;
  const onArrival = (bytes = leastBytes) => {
    arrived += bytes;
    if (arrived < leastBytes) return;
    arrived = 0;
    waited = 0;
  };
  const timer = setInterval(
    () => {
      waited++;
      if (waited >= ticks) over.abort();
    },
    (patience * 1000) / ticks,
  );
  try {
    return await attempt({ signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal, onArrival });
  } catch (error) {
    throwIfCancelled(signal);
    if (!over.signal.aborted) throw error;
    throw new TransientFailure('network', `The connection stalled: almost nothing of ${url} arrived in ${patience} s.`);
  } finally {
    clearInterval(timer);
  }
}

/** @param untilOnline ends early when the browser says that the connection is back */
async function rest(seconds: number, untilOnline: boolean, signal: AbortSignal | undefined): Promise<void> {
  throwIfCancelled(signal);
  const over = new AbortController();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    over.signal.addEventListener('abort', () => clearTimeout(timer));
    signal?.addEventListener('abort', () => resolve(), { signal: over.signal });
    if (untilOnline) globalThis.addEventListener('online', () => resolve(), { signal: over.signal });
  });
  over.abort();
  throwIfCancelled(signal);
}
