import type {
  AdapterLoad,
  FolderKind,
  GenerateResult,
  GenerationParameters,
  GenerationWorker,
  JobProgress,
  LoadedModel,
  LoadRequest,
  PickedFile,
  StepPreview,
} from '../protocol';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import type { DownloadCallbacks, ModelsClient } from './models-client';
import { type Work, WorkerClient, type WorkerClientOptions } from './worker-client';

export interface GenerateCallbacks {
  onProgress?: (progress: JobProgress) => void;
  /** After every denoising step. */
  onPreview?: (preview: StepPreview) => void;
  /** Takes effect between two runs of the network; a worker that does not react in time is ended. */
  signal?: AbortSignal;
}

export interface GenerationOutcome extends GenerateResult, LoadedModel {}

export interface GenerationClientOptions extends Partial<WorkerClientOptions> {
  /** Stores models from other origins: the worker that knows the prompt contacts only its own site. */
  models: Pick<ModelsClient, 'download' | 'fetchAdapter'>;
}

function startGenerationWorker(): Worker {
  return new Worker(new URL('../../workers/generation.ts', import.meta.url), { type: 'module', name: 'generation' });
}

/** Networks are gigabytes, and loading them again takes seconds. */
const idleTimeout = 10 * 60 * 1000;

/**
 * Makes videos in a worker. One job at a time. Every method rejects with KinoraError: what the engine, the checkpoint and the
 * encoder throw, `busy`, `cancelled`, `worker-died`, `part-not-loaded`.
 */
export class GenerationClient {
  readonly #worker: WorkerClient<GenerationWorker>;
  readonly #models: GenerationClientOptions['models'];
  /** By address, of adapters at other origins: a video with other words must not fetch them again. */
  readonly #adapters = new Map<string, readonly PickedFile[]>();
  #running = false;

  constructor({ models, start = startGenerationWorker, ...options }: GenerationClientOptions) {
    this.#models = models;
    this.#worker = new WorkerClient({ start, idleTimeout, ...options });
  }

  /** Stores and loads the model if necessary, and makes a video. */
  generate(
    load: LoadRequest,
    request: GenerationParameters,
    callbacks: GenerateCallbacks = {},
  ): Promise<GenerationOutcome> {
    const { onProgress, onPreview } = callbacks;
    return this.#job(
      load,
      callbacks,
      (complete) =>
        (remote, { callback, signal }) =>
          // what nobody looks at is not made
          remote.generate(complete, request, callback(onProgress), onPreview && callback(onPreview), signal),
    );
  }

  /** Stores what is missing of the model, and loads it. */
  load(load: LoadRequest, callbacks: Omit<GenerateCallbacks, 'onPreview'> = {}): Promise<LoadedModel> {
    return this.#job(
      load,
      callbacks,
      (complete) =>
        (remote, { callback, signal }) =>
          remote.load(complete, callback(callbacks.onProgress), signal),
    );
  }

  /** Whether the worker is running, so that a call need not start one. */
  get started(): boolean {
    return this.#worker.started;
  }

  /** Whether a video is being made, or a model is being loaded. */
  get busy(): boolean {
    return this.#running;
  }

  /** Number of tokens in a text, including start and end marks, before truncation; undefined while no model is loaded. */
  async countTokens(text: string): Promise<number | undefined> {
    if (!this.started || this.#running) return undefined;
    return this.#worker.call((remote) => remote.countTokens(text));
  }

  /** Ends the worker; a running job rejects with `cancelled`. */
  dispose(): void {
    this.#worker.dispose();
  }

  async #job<Result>(
    load: LoadRequest,
    callbacks: GenerateCallbacks,
    work: (complete: LoadRequest) => Work<GenerationWorker, Result>,
  ): Promise<Result> {
    if (this.#running) throw new KinoraError('busy', 'A video is being made; wait for it or cancel it.');
    this.#running = true;
    try {
      await this.#bringIn(load.source, 'pipeline', callbacks);
      if (load.decoder) await this.#bringIn(load.decoder, 'decoder', callbacks);
      const adapters: AdapterLoad[] = [];
      for (const adapter of load.adapters ?? []) adapters.push(await this.#withFiles(adapter, callbacks));
      return await this.#worker.call(work({ ...load, adapters }), callbacks.signal);
    } finally {
      this.#running = false;
    }
  }

  async #withFiles(adapter: AdapterLoad, { onProgress, signal }: GenerateCallbacks): Promise<AdapterLoad> {
    const { source } = adapter;
    throwIfCancelled(signal);
    if (source.kind !== 'remote' || (await this.#worker.call((remote) => remote.has(source), signal))) return adapter;
    const { url } = source;
    const known = this.#adapters.get(url);
    if (known) return { ...adapter, files: known };
    const files = await this.#models.fetchAdapter(url, { onProgress: fetching(onProgress), signal });
    this.#adapters.set(url, files);
    return { ...adapter, files };
  }

  async #bringIn(
    source: LoadRequest['source'],
    kind: FolderKind,
    { onProgress, signal }: GenerateCallbacks,
  ): Promise<void> {
    throwIfCancelled(signal);
    if (source.kind !== 'remote' || (await this.#worker.call((remote) => remote.has(source), signal))) return;
    await this.#models.download(source.url, { onProgress: fetching(onProgress), signal }, kind);
  }
}

function fetching(onProgress: GenerateCallbacks['onProgress']): DownloadCallbacks['onProgress'] {
  return ({ network, bytes, totalBytes }) => onProgress?.({ stage: 'fetch', network, done: bytes, total: totalBytes });
}
