/** How long the remaining steps will take, from a rolling mean of the last ones. */

/** Intervals that the mean is taken of. */
const window = 5;

export interface StepClock {
  /** When the last steps ended, newest last; milliseconds of one clock. */
  readonly ends: readonly number[];
}

export const newStepClock: StepClock = { ends: [] };

/** To be called with the number of finished steps whenever one has ended. */
export function stepEnded(clock: StepClock, done: number, now: number): StepClock {
  // the first step compiles shaders and fills caches: what comes before its end says nothing of the others
  if (done < 1) return newStepClock;
  return { ends: [...clock.ends, now].slice(-(window + 1)) };
}

/** Milliseconds, or undefined before two steps have ended. */
export function timeLeft(clock: StepClock, remainingSteps: number): number | undefined {
  const first = clock.ends[0];
  const last = clock.ends.at(-1);
  if (first === undefined || last === undefined || clock.ends.length < 2) return undefined;
  return ((last - first) / (clock.ends.length - 1)) * remainingSteps;
}

/** Milliseconds that a step may take in any case before it looks stuck. */
const patience = 30_000;

/** The running step has taken ten times as long as the ones before it. */
export function looksStuck(clock: StepClock, now: number): boolean {
  const usual = timeLeft(clock, 1);
  return usual !== undefined && now - (clock.ends.at(-1) ?? now) > Math.max(patience, 10 * usual);
}
