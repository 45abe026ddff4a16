import { proxy, type Remote } from 'comlink';
import { KinoraError, recovery, throwIfCancelled } from '../shared/errors';
import { WorkerConnection } from './worker-connection';

export interface WorkerClientOptions {
  /** Starts the worker. */
  start: () => Worker;
  /** Milliseconds that the worker has to react to a cancel before it is ended. */
  cancelTimeout?: number;
  /** Milliseconds without a call after which the worker is ended and its memory freed. Never, if left out. */
  idleTimeout?: number;
}

/** What a call can pass to the worker. */
export interface CallContext {
  /** Undefined if the caller gave none. */
  signal: AbortSignal | undefined;
  /** Makes a function callable from the worker until the call has settled. */
  callback<Argument>(call: ((argument: Argument) => void) | undefined): (argument: Argument) => void;
}

/** The work of one call to a worker. */
export type Work<Exposed, Result> = (remote: Remote<Exposed>, context: CallContext) => Promise<Result>;

/**
 * The page's side of one worker, which starts with the first call and is replaced after it has died, was ended because it did not
 * react to a cancel, or failed in a way that leaves it untrustworthy (`recovery` in errors.ts).
 */
export class WorkerClient<Exposed extends object> {
  readonly #start: () => Worker;
  readonly #cancelTimeout: number;
  readonly #idleTimeout: number | undefined;
  #connection: WorkerConnection<Exposed> | undefined;
  #calls = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor({ start, cancelTimeout = 5000, idleTimeout }: WorkerClientOptions) {
    this.#start = start;
    this.#cancelTimeout = cancelTimeout;
    this.#idleTimeout = idleTimeout;
  }

  /** Whether the worker is running, so that a call need not start one. */
  get started(): boolean {
    return this.#connection !== undefined && !this.#connection.ended;
  }

  /**
   * Calls the worker.
   * @param signal passed to the worker, which is ended if it does not react in time
   * @throws KinoraError what the worker throws, `worker-died`, `part-not-loaded`, `cancelled`
   */
  async call<Result>(work: Work<Exposed, Result>, signal?: AbortSignal): Promise<Result> {
    throwIfCancelled(signal);
    const connection = this.#connect();
    this.#calls++;
    clearTimeout(this.#idle);
    // callbacks use ports of their own, so some may still be in flight when the call has settled
    let settled = false;
    const callback: CallContext['callback'] = (call) =>
      proxy((argument) => {
        if (!settled) call?.(argument);
      });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const expectAnswer = () => {
      timer = setTimeout(() => {
        connection.end(new KinoraError('cancelled', 'The job was cancelled, and its worker ended.'));
      }, this.#cancelTimeout);
    };
    signal?.addEventListener('abort', expectAnswer, { once: true });
    try {
      return await connection.call((remote) => work(remote, { signal, callback }));
    } catch (error) {
      // any failure caused by the cancel counts as cancelled
      if (!(error instanceof KinoraError) || error.code !== 'cancelled') throwIfCancelled(signal);
      if (error instanceof KinoraError && recovery[error.code] === 'worker') connection.end(error);
      throw error;
    } finally {
      settled = true;
      signal?.removeEventListener('abort', expectAnswer);
      clearTimeout(timer);
      this.#calls--;
      if (this.#calls === 0 && this.#idleTimeout !== undefined) {
        this.#idle = setTimeout(() => this.dispose(), this.#idleTimeout);
      }
    }
  }

  /** Ends the worker; pending calls reject with `cancelled`. The next call starts another one. */
  dispose(): void {
    clearTimeout(this.#idle);
    this.#connection?.end(new KinoraError('cancelled', 'The worker was ended.'));
    this.#connection = undefined;
  }

  #connect(): WorkerConnection<Exposed> {
    if (!this.#connection || this.#connection.ended) this.#connection = new WorkerConnection(this.#start());
    return this.#connection;
  }
}
