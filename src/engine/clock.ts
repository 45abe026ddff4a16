import type { Timings } from './types';

type TimedStage = keyof Omit<Timings, 'total'>;

/** Measures milliseconds per stage. A nested stage does not count towards the outer one. */
export class Clock {
  readonly #start = performance.now();
  #last = this.#start;
  readonly #stages = { tokenize: 0, encode: 0, load: 0, denoise: 0, decode: 0 };
  #stage: TimedStage | undefined;

  async time<T>(stage: TimedStage, work: () => Promise<T>): Promise<T> {
    const outer = this.#stage;
    this.#enter(stage);
    try {
      return await work();
    } finally {
      this.#enter(outer);
    }
  }

  #enter(stage: TimedStage | undefined): void {
    const now = performance.now();
    if (this.#stage) this.#stages[this.#stage] += now - this.#last;
    this.#last = now;
    this.#stage = stage;
  }

  timings(): Timings {
    return { ...this.#stages, total: performance.now() - this.#start };
  }
}
