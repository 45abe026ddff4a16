import { proxy, type Remote } from 'comlink';
import { KinoraError, throwIfCancelled } from '../errors';
import type { DownloadProgress, ModelFacts, ModelsWorker, Picked, StoredModel } from '../protocol';
import { WorkerConnection } from './worker-connection';

export interface DownloadCallbacks {
  onProgress?: (progress: DownloadProgress) => void;
  /** Pauses: what is there stays, and the next download goes on from it. */
  signal?: AbortSignal;
}

/**
 * Looks after the stored models in a worker, which starts with the first call and is replaced when it dies. It works beside
 * generations. Every method rejects with KinoraError: what the checkpoint and the storage throw, `busy`, `cancelled`,
 * `worker-died`.
 */
export class ModelsClient {
  #connection: WorkerConnection<ModelsWorker> | undefined;
  #token: string | undefined;

  /** The access token of the hub, for models that are only given to those who signed. It is kept in memory only. */
  async setToken(token: string | undefined): Promise<void> {
    this.#token = token;
    if (this.#connection) await this.#call((remote) => remote.setToken(token));
  }

  /** What the model at `url` consists of. Fetches its small files and the headers of its weights. */
  inspect(url: string): Promise<ModelFacts> {
    return this.#call((remote) => remote.inspect(url));
  }

  /** Fetches what is not stored of the model at `url`; resolves with its id. One download or import at a time. */
  download(url: string, callbacks: DownloadCallbacks = {}): Promise<string> {
    return this.#transfer(callbacks, (remote, onProgress) => remote.download(url, onProgress));
  }

  /** Copies a folder of the visitor's disk into storage; resolves with the id of the copy. */
  importFolder(folder: Picked, callbacks: DownloadCallbacks = {}): Promise<string> {
    return this.#transfer(callbacks, (remote, onProgress) => remote.importFolder(folder, onProgress));
  }

  /** Reads all of a stored model, and deletes what is not as it was stored; resolves with the bytes of that. */
  check(id: string, callbacks: DownloadCallbacks = {}): Promise<number> {
    return this.#transfer(callbacks, (remote, onProgress) => remote.check(id, onProgress));
  }

  list(): Promise<StoredModel[]> {
    return this.#call((remote) => remote.list());
  }

  /** Frees everything of the model. */
  delete(id: string): Promise<void> {
    return this.#call((remote) => remote.delete(id));
  }

  async #transfer<Result>(
    { onProgress, signal }: DownloadCallbacks,
    work: (remote: Remote<ModelsWorker>, onProgress: (progress: DownloadProgress) => void) => Promise<Result>,
  ): Promise<Result> {
    throwIfCancelled(signal);
    const pause = () => void this.#call((remote) => remote.pause()).catch(() => undefined);
    signal?.addEventListener('abort', pause, { once: true });
    // callbacks come over a port of their own: some may still be under way when the transfer has settled
    let settled = false;
    try {
      return await this.#call((remote) =>
        work(
          remote,
          proxy((progress: DownloadProgress) => {
            if (!settled) onProgress?.(progress);
          }),
        ),
      );
    } finally {
      settled = true;
      signal?.removeEventListener('abort', pause);
    }
  }

  async #call<Result>(call: (remote: Remote<ModelsWorker>) => Promise<Result>): Promise<Result> {
    if (!this.#connection || this.#connection.ended) {
      const worker = new Worker(new URL('../../workers/models.ts', import.meta.url), {
        type: 'module',
        name: 'models',
      });
      this.#connection = new WorkerConnection<ModelsWorker>(worker);
      const token = this.#token;
      if (token !== undefined) await this.#connection.call((remote) => remote.setToken(token));
    }
    return this.#connection.call(call);
  }

  /** Ends the worker; a running download rejects with `cancelled`, and can be taken up again. */
  dispose(): void {
    this.#connection?.end(new KinoraError('cancelled', 'The worker was ended.'));
    this.#connection = undefined;
  }
}
