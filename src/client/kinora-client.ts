import { proxy } from 'comlink';
import { KinoraError, throwIfCancelled } from '../errors';
import type {
  AssessRequest,
  DeviceReport,
  GenerateRequest,
  GenerateResult,
  GenerationWorker,
  JobProgress,
  LoadedModel,
  LoadRequest,
  StepPreview,
} from '../protocol';
import { WorkerConnection } from './worker-connection';

export interface GenerateCallbacks {
  onProgress?: (progress: JobProgress) => void;
  /** After every denoising step. */
  onPreview?: (preview: StepPreview) => void;
  /** Takes effect between two runs of the network; a worker that does not get there soon is ended. */
  signal?: AbortSignal;
}

export interface GenerationOutcome extends GenerateResult, LoadedModel {}

export interface KinoraClientOptions {
  /** Milliseconds that the worker has to answer a cancel, before it is ended. */
  cancelTimeout?: number;
  /** Replaces the generation worker, for tests. */
  startWorker?: () => Worker;
}

function startGenerationWorker(): Worker {
  return new Worker(new URL('../../workers/generation.ts', import.meta.url), { type: 'module', name: 'generation' });
}

/** After these the worker's memory or device is not to be trusted: the next call gets a new worker. */
const fatalCodes = new Set(['out-of-memory', 'device-lost', 'internal', 'worker-died']);

/**
 * Makes videos in a worker, which starts with the first call and is replaced when it dies. One job at a time.
 * Every method rejects with KinoraError: what the engine, the checkpoint and the encoder throw, `busy`, `cancelled`,
 * `worker-died`.
 */
export class KinoraClient {
  readonly #options: Required<KinoraClientOptions>;
  #connection: WorkerConnection<GenerationWorker> | undefined;
  #running = false;

  constructor({ cancelTimeout = 5000, startWorker = startGenerationWorker }: KinoraClientOptions = {}) {
    this.#options = { cancelTimeout, startWorker };
  }

  /** Loads the model where it is not loaded yet, and makes a video. */
  generate(request: LoadRequest & GenerateRequest, callbacks: GenerateCallbacks = {}): Promise<GenerationOutcome> {
    const { source, device, dtype, memory, ...parameters } = request;
    return this.#job(callbacks, async (connection, { onProgress, onPreview }) => {
      const model = await connection.call((remote) => remote.load({ source, device, dtype, memory }, onProgress));
      throwIfCancelled(callbacks.signal);
      const result = await connection.call((remote) => remote.generate(parameters, onProgress, onPreview));
      return { ...result, ...model };
    });
  }

  /** Downloads what is missing of the model, and makes it ready. */
  load(request: LoadRequest, callbacks: Omit<GenerateCallbacks, 'onPreview'> = {}): Promise<LoadedModel> {
    return this.#job(callbacks, (connection, { onProgress }) =>
      connection.call((remote) => remote.load(request, onProgress)),
    );
  }

  /** A worker is there: what is asked of it starts nothing. */
  get started(): boolean {
    return this.#connection !== undefined && !this.#connection.ended;
  }

  /** What this device lacks for a video of this size. Fetches the model's configs only, and may be asked during a job. */
  assess(request: AssessRequest): Promise<DeviceReport> {
    return this.#connect().call((remote) => remote.assess(request));
  }

  /** Tokens of a text with start and end marks, before truncation; undefined while no model is loaded. */
  async countTokens(text: string): Promise<number | undefined> {
    if (!this.#connection || !this.started || this.#running) return undefined;
    return this.#connection.call((remote) => remote.countTokens(text));
  }

  /** Ends the worker; a running job rejects with `cancelled`. */
  dispose(): void {
    this.#connection?.end(new KinoraError('cancelled', 'The worker was ended.'));
    this.#connection = undefined;
  }

  async #job<Result>(
    { onProgress, onPreview, signal }: GenerateCallbacks,
    work: (
      connection: WorkerConnection<GenerationWorker>,
      callbacks: Required<Omit<GenerateCallbacks, 'signal'>>,
    ) => Promise<Result>,
  ): Promise<Result> {
    if (this.#running) throw new KinoraError('busy', 'A job is running; wait for it or cancel it.');
    throwIfCancelled(signal);
    this.#running = true;
    const connection = this.#connect();
    const cancellation = this.#cancelWith(signal, connection);
    // callbacks come over ports of their own: some may still be under way when the job has settled
    let settled = false;
    try {
      return await work(connection, {
        onProgress: proxy((progress: JobProgress) => {
          if (!settled) onProgress?.(progress);
        }),
        onPreview: proxy((preview: StepPreview) => {
          if (!settled) onPreview?.(preview);
        }),
      });
    } catch (error) {
      if (error instanceof KinoraError && fatalCodes.has(error.code)) connection.end(error);
      throw error;
    } finally {
      settled = true;
      cancellation.stop();
      this.#running = false;
    }
  }

  #connect(): WorkerConnection<GenerationWorker> {
    if (!this.#connection || this.#connection.ended) {
      this.#connection = new WorkerConnection(this.#options.startWorker());
    }
    return this.#connection;
  }

  /** Asks the worker to stop when `signal` is aborted, and ends it when it does not do so in time. */
  #cancelWith(signal: AbortSignal | undefined, connection: WorkerConnection<GenerationWorker>): { stop: () => void } {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const cancel = () => {
      // its answer is the rejection of the running call
      connection.call((remote) => remote.cancel()).catch(() => {});
      timer = setTimeout(() => {
        connection.end(new KinoraError('cancelled', 'The job was cancelled, and its worker ended.'));
      }, this.#options.cancelTimeout);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    return {
      stop: () => {
        signal?.removeEventListener('abort', cancel);
        clearTimeout(timer);
      },
    };
  }
}
