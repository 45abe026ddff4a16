import { type Remote, wrap } from 'comlink';
import { KinoraError, toKinoraError } from '../shared/errors';
import { installErrorTransfer, installSignalTransfer, type Life } from '../wire';

installErrorTransfer();
installSignalTransfer();

/** One instance of a worker that serves `Exposed`. Once it has ended, every pending and later call rejects with the reason. */
export class WorkerConnection<Exposed extends object> {
  readonly #remote: Remote<Exposed & Life>;
  readonly #worker: Worker;
  readonly #started: Promise<void>;
  readonly #end: Promise<never>;
  #reject: (reason: KinoraError) => void = () => {};
  #ended = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#remote = wrap<Exposed & Life>(worker);
    this.#end = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#end.catch(() => {});
    let loaded = false;
    worker.addEventListener('error', ({ message }) => {
      // an error without a message before the worker's first message means that its file did not load
      if (loaded || message) this.end(died(message && `It said: ${message}`));
      else this.end(new KinoraError('part-not-loaded', 'The file of a worker could not be loaded.'));
    });
    worker.addEventListener('messageerror', () => this.end(died('One of its messages could not be read.')));
    this.#started = this.#hello().then((lock) => {
      loaded = true;
      // granted when the worker is gone; if it was ended from here, nothing waits for it any more
      if (lock !== undefined) void navigator.locks.request(lock, () => this.end(died('It is gone.')));
    });
    this.#started.catch(() => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls the worker; rejects with a KinoraError, also if the worker ends before it answers. */
  async call<Result>(call: (remote: Remote<Exposed & Life>) => Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([this.#started.then(() => call(this.#remote)), this.#end]);
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

  #hello(): Promise<string | undefined> {
    const { hello }: Remote<Life> = this.#remote;
    return hello();
  }
}

function died(why: string): KinoraError {
  return new KinoraError('worker-died', `A worker of the page has stopped. ${why}`.trimEnd());
}
