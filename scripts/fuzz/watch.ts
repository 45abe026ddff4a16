/** Limits the time and memory of a target, so that a hang or an exhausted heap counts as a failure instead of ending the run. */
import { Worker } from 'node:worker_threads';

export interface Limits {
  /** For one input. */
  seconds: number;
  /**
   * Of JavaScript's heap, above what the thread takes by itself. ArrayBuffers are no part of it: they may take eight times that.
   */
  megabytes: number;
}

export interface Job {
  /** Of the target. */
  name: string;
  seed: number;
  /** After it no new batch begins; the first one always does. */
  milliseconds: number;
  /** Inputs that are made from one seed; the next batch has the next seed. */
  batch: number;
}

export type Report =
  | { kind: 'ready' }
  | { kind: 'failing' | 'failed'; seed: number; failure: string }
  | { kind: 'done'; inputs: number };

export interface Failure {
  /** Of the batch. */
  seed: number;
  /** Number of the input in its batch, where `failure` does not show it. */
  index?: number;
  failure: string;
}

export interface Outcome {
  inputs: number;
  failure?: Failure;
  /** The input crashed the thread. */
  ended?: true;
}

/** What the modules and files of all targets take. */
const ownMegabytes = 160;
const pollMilliseconds = 50;

/** A thread that runs one job after the other, and is restarted if one crashes it. */
export class WatchedThread {
  readonly #limits: Limits;
  #state = new Int32Array(new SharedArrayBuffer(12));
  #thread: Promise<Worker> | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  async run(job: Job): Promise<Outcome> {
    this.#thread ??= this.#start();
    const thread = await this.#thread;
    const outcome = await this.#watch(thread, job);
    if (outcome.ended) {
      await thread.terminate();
      this.#thread = undefined;
    }
    return outcome;
  }

  async close(): Promise<void> {
    await (await this.#thread)?.terminate();
    this.#thread = undefined;
  }

  #start(): Promise<Worker> {
    this.#state = new Int32Array(new SharedArrayBuffer(12));
    const thread = new Worker(new URL('./thread.mjs', import.meta.url), {
      workerData: { shared: this.#state.buffer },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: ownMegabytes + this.#limits.megabytes },
    });
    return new Promise((resolve, reject) => {
      thread.once('error', reject);
      thread.once('message', () => {
        thread.off('error', reject);
        resolve(thread);
      });
    });
  }

  #watch(thread: Worker, job: Job): Promise<Outcome> {
    const bytesBefore = process.memoryUsage.rss();
    const maxBytes = 8 * this.#limits.megabytes * 2 ** 20;
    return new Promise((resolve) => {
      let beat = -1;
      let since = performance.now();
      let first: Failure | undefined;
      const finish = (outcome: Outcome) => {
        clearInterval(timer);
        thread.off('message', onReport);
        thread.off('error', onError);
        resolve(outcome);
      };
      const takenDown = (why: string) => {
        const [, seed = 0, index = 0] = this.#state;
        // while a smaller input was looked for: the one that failed first it is
        finish({ inputs: 0, failure: first ?? { seed, index, failure: why }, ended: true });
      };
      const timer = setInterval(() => {
        const now = Atomics.load(this.#state, 0);
        if (now !== beat) since = performance.now();
        beat = now;
        if (performance.now() - since > this.#limits.seconds * 1000) {
          takenDown(`It took more than ${this.#limits.seconds} seconds.`);
        } else if (process.memoryUsage.rss() - bytesBefore > maxBytes) {
          takenDown(`The process grew by more than ${maxBytes} bytes.`);
        }
      }, pollMilliseconds);
      const onReport = (report: Report) => {
        if (report.kind === 'done') finish({ inputs: report.inputs });
        if (report.kind === 'failing') first = { seed: report.seed, failure: report.failure };
        if (report.kind === 'failed') finish({ inputs: 0, failure: { seed: report.seed, failure: report.failure } });
      };
      const onError = (error: unknown) => takenDown(String(error));
      thread.on('message', onReport);
      thread.on('error', onError);
      thread.postMessage(job);
    });
  }
}
