import type {
  DownloadProgress,
  FolderKind,
  GenerateResult,
  GenerationParameters,
  GenerationWorker,
  JobProgress,
  LoadedModel,
  LoadRequest,
  StepPreview,
} from '../protocol';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import type { DownloadCallbacks } from './models-client';
import { type Work, WorkerClient, type WorkerClientOptions } from './worker-client';

export interface GenerateCallbacks {
  onProgress?: (progress: JobProgress) => void;
  /** After every denoising step. */
  onPreview?: (preview: StepPreview) => void;
  /** Takes effect between two runs of the network; a worker that does not get there soon is ended. */
  signal?: AbortSignal;
}

export interface GenerationOutcome extends GenerateResult, LoadedModel {}

export interface GenerationClientOptions extends Partial<WorkerClientOptions> {
  /** Brings a model at another origin into storage: the worker that knows the prompt asks nobody but its own site. */
  models: { download(url: string, callbacks: DownloadCallbacks, kind: FolderKind): Promise<string> };
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
  #running = false;

  constructor({ models, start = startGenerationWorker, ...options }: GenerationClientOptions) {
    this.#models = models;
    this.#worker = new WorkerClient({ start, idleTimeout, ...options });
  }

  /** Brings in and loads the model where that is not done yet, and makes a video. */
  generate(
    load: LoadRequest,
    request: GenerationParameters,
    callbacks: GenerateCallbacks = {},
  ): Promise<GenerationOutcome> {
    const { onProgress, onPreview } = callbacks;
    return this.#job(load, callbacks, (remote, { callback, signal }) =>
      // what nobody looks at is not made
      remote.generate(load, request, callback(onProgress), onPreview && callback(onPreview), signal),
    );
  }

  /** Brings in what is missing of the model, and makes it ready. */
  load(load: LoadRequest, callbacks: Omit<GenerateCallbacks, 'onPreview'> = {}): Promise<LoadedModel> {
    return this.#job(load, callbacks, (remote, { callback, signal }) =>
      remote.load(load, callback(callbacks.onProgress), signal),
    );
  }

  /** A worker is there: what is asked of it starts nothing. */
  get started(): boolean {
    return this.#worker.started;
  }

  /** A video is being made, or a model made ready for it. */
  get busy(): boolean {
    return this.#running;
  }

  /** Tokens of a text with start and end marks, before truncation; undefined while no model is loaded. */
  async countTokens(text: string): Promise<number | undefined> {
    if (!this.started || this.#running) return undefined;
    return this.#worker.call((remote) => remote.countTokens(text));
  }

  /** Ends the worker; a running job rejects with `cancelled`. */
  dispose(): void {
    this.#worker.dispose();
  }

  async #job<Result>(
    { source, decoder }: LoadRequest,
    callbacks: GenerateCallbacks,
    work: Work<GenerationWorker, Result>,
  ): Promise<Result> {
    if (this.#running) throw new KinoraError('busy', 'A video is being made; wait for it or cancel it.');
    this.#running = true;
    try {
      await this.#bringIn(source, 'pipeline', callbacks);
      if (decoder) await this.#bringIn(decoder, 'decoder', callbacks);
      return await this.#worker.call(work, callbacks.signal);
    } finally {
      this.#running = false;
    }
  }

  async #bringIn(
    source: LoadRequest['source'],
    kind: FolderKind,
    { onProgress, signal }: GenerateCallbacks,
  ): Promise<void> {
    throwIfCancelled(signal);
    if (source.kind !== 'remote' || (await this.#worker.call((remote) => remote.has(source), signal))) return;
    const report = ({ network, bytes, totalBytes }: DownloadProgress) =>
      onProgress?.({ stage: 'fetch', network, done: bytes, total: totalBytes });
    await this.#models.download(source.url, { onProgress: report, signal }, kind);
  }
}
