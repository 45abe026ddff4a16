import { type Remote, wrap } from 'comlink';
import { installErrorTransfer, toKinoraError } from '../error-transfer';
import { KinoraError } from '../errors';

installErrorTransfer();

/** One life of a worker that exposes `Exposed`. Once it has ended, every pending and later call rejects with the reason of its end. */
export class WorkerConnection<Exposed> {
  readonly remote: Remote<Exposed>;
  readonly #worker: Worker;
  readonly #end: Promise<never>;
  #reject: (reason: KinoraError) => void = () => {};
  #ended = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.remote = wrap<Exposed>(worker);
    this.#end = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#end.catch(() => {});
    worker.addEventListener('error', (event) => {
      const said = event.message ? ` It said: ${event.message}` : '';
      this.end(new KinoraError('worker-died', `A worker of the page has stopped.${said}`));
    });
    worker.addEventListener('messageerror', () => {
      this.end(new KinoraError('worker-died', 'A message of a worker of the page could not be read.'));
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What `call` resolves to; rejects with a KinoraError, also when the worker ends before it answers. */
  async call<Result>(call: (remote: Remote<Exposed>) => Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([call(this.remote), this.#end]);
    } catch (error) {
      throw toKinoraError(error);
    }
  }

  /** Terminates the worker at once. */
  end(reason: KinoraError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#worker.terminate();
    this.#reject(reason);
  }
}
