import type { Timings } from './types';

/** Milliseconds per stage; `stop` books the time since the last `stop`. */
export class Clock {
  readonly #start = performance.now();
  #last = this.#start;
  readonly #stages = { tokenize: 0, encode: 0, load: 0, denoise: 0, decode: 0 };

  stop(stage: keyof Omit<Timings, 'total'>): void {
    const now = performance.now();
    this.#stages[stage] += now - this.#last;
    this.#last = now;
  }

  timings(): Timings {
    return { ...this.#stages, total: this.#last - this.#start };
  }
}
