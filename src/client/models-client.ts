import type {
  AssessRequest,
  Damage,
  DeviceReport,
  DownloadProgress,
  FolderKind,
  ModelFacts,
  ModelsWorker,
  Picked,
  PickedFile,
  StoredModel,
} from '../protocol';
import type { AccessToken } from '../shared/access-token';
import { WorkerClient, type WorkerClientOptions } from './worker-client';

export interface DownloadCallbacks {
  onProgress?: (progress: DownloadProgress) => void;
  /** Pauses: stored parts stay, and the next download resumes from them. */
  signal?: AbortSignal;
}

function startModelsWorker(): Worker {
  return new Worker(new URL('../../workers/models.ts', import.meta.url), { type: 'module', name: 'models' });
}

/**
 * Manages the stored models in a worker, which runs alongside generations. Every method rejects with KinoraError: what the
 * checkpoint and the storage throw, `busy`, `cancelled`, `worker-died`, `part-not-loaded`.
 */
export class ModelsClient {
  readonly #worker: WorkerClient<ModelsWorker>;
  #token: AccessToken | undefined;

  constructor(options: Partial<WorkerClientOptions> = {}) {
    this.#worker = new WorkerClient({ start: startModelsWorker, ...options });
  }

  /** The token for models whose conditions have to be accepted. It is kept only in memory, and sent only to its own origin. */
  setToken(token: AccessToken | undefined): void {
    this.#token = token;
  }

  /** Whether the worker is running, so that a call need not start one. */
  get started(): boolean {
    return this.#worker.started;
  }

  /** What the model at `url` consists of. Fetches its small files and the headers of its weights. */
  inspect(url: string, signal?: AbortSignal): Promise<ModelFacts> {
    return this.#worker.call((remote) => remote.inspect(url, this.#token, signal), signal);
  }

  /** What the device lacks for a video of this size. Fetches the model's configs only. */
  assess(request: AssessRequest): Promise<DeviceReport> {
    return this.#worker.call((remote) => remote.assess(request, this.#token));
  }

  /** Downloads what is not stored of the folder at `url`; resolves with its id. One download, import or check at a time. */
  download(
    url: string,
    { onProgress, signal }: DownloadCallbacks = {},
    kind: FolderKind = 'pipeline',
  ): Promise<string> {
    return this.#worker.call(
      (remote, { callback }) => remote.download(url, kind, this.#token, callback(onProgress), signal),
      signal,
    );
  }

  /** Fetches the LoRA adapter at `url`; resolves with its files. */
  fetchAdapter(url: string, { onProgress, signal }: DownloadCallbacks = {}): Promise<readonly PickedFile[]> {
    return this.#worker.call(
      (remote, { callback }) => remote.fetchAdapter(url, this.#token, callback(onProgress), signal),
      signal,
    );
  }

  /** Copies a folder from the visitor's disk into storage; resolves with the id of the copy. */
  importFolder(folder: Picked, { onProgress, signal }: DownloadCallbacks = {}): Promise<string> {
    return this.#worker.call(
      (remote, { callback }) => remote.importFolder(folder, callback(onProgress), signal),
      signal,
    );
  }

  /** Reads all of a stored model, and deletes what is damaged. */
  check(id: string, { onProgress, signal }: DownloadCallbacks = {}): Promise<Damage> {
    return this.#worker.call((remote, { callback }) => remote.check(id, callback(onProgress), signal), signal);
  }

  list(): Promise<StoredModel[]> {
    return this.#worker.call((remote) => remote.list());
  }

  /** Deletes everything stored of the model. */
  delete(id: string): Promise<void> {
    return this.#worker.call((remote) => remote.delete(id));
  }

  /** Ends the worker; a running download rejects with `cancelled`, and can be resumed. */
  dispose(): void {
    this.#worker.dispose();
  }
}
