import { KinoraError, throwIfCancelled } from '../errors';

/** A failure that may be gone in a moment: no answer, a body that broke off, a server that is overloaded or asks to wait. */
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

/** Seconds: short enough not to be noticed at first, and after a minute and a half somebody should look at it. */
export const defaultPauses: readonly number[] = [1, 2, 4, 8, 16, 30, 30];

/** Seconds. A server that asks for more than this is not waited for. */
const maxRetryAfter = 120;

/** Seconds for one try. A piece of 8 MiB, one of four at a time, takes less on any line that brings a model within a day. */
const defaultPatience = 600;

export interface RetryOptions {
  /** Seconds before each further try. None means that the first failure is the last. */
  pauses: readonly number[];
  /** Called before each pause, with the time of the next try as of Date.now(). */
  onWait?: (retryAt: number, failure: TransientFailure) => void;
  /** Called when a try has succeeded after a pause. */
  onResume?: () => void;
  /** Seconds after which a try that neither succeeds nor fails is given up: a connection may be lost without a word. */
  patience?: number;
  signal?: AbortSignal;
}

/**
 * Runs `attempt` again after each TransientFailure and after each try that does not end, with growing pauses. A connection that
 * comes back ends a pause.
 * @throws what `attempt` threw last; KinoraError `cancelled`
 */
export async function withRetries<T>(attempt: (signal: AbortSignal) => Promise<T>, options: RetryOptions): Promise<T> {
  const { pauses, onWait, onResume, signal } = options;
  for (let tries = 0; ; tries++) {
    try {
      const result = await withPatience(attempt, options);
      if (tries > 0) onResume?.();
      return result;
    } catch (error) {
      const pause = pauses[tries];
      if (!(error instanceof TransientFailure) || pause === undefined) throw error;
      if (error.retryAfter !== undefined && error.retryAfter > maxRetryAfter) throw error;
      // not all at the same moment: many visitors may have been sent away together
      const seconds = Math.max(error.retryAfter ?? 0, pause * (0.75 + Math.random() / 2));
      onWait?.(Date.now() + seconds * 1000, error);
      await rest(seconds, error.code === 'network', signal);
    }
  }
}

async function withPatience<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { patience = defaultPatience, signal }: RetryOptions,
): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), patience * 1000);
  try {
    return await attempt(signal ? AbortSignal.any([signal, over.signal]) : over.signal);
  } catch (error) {
    throwIfCancelled(signal);
    if (!over.signal.aborted) throw error;
    throw new TransientFailure(
      'network',
      `The connection stood still: ${patience} s were not enough for a few megabytes.`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** @param untilOnline ends early when the browser says that the connection is back */
async function rest(seconds: number, untilOnline: boolean, signal: AbortSignal | undefined): Promise<void> {
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
