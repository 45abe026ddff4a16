/** How long the remaining steps will take, from a rolling mean of the last ones. */

/** Number of intervals that the mean covers. */
const window = 5;

export interface StepClock {
  /** When the last steps ended, newest last, in milliseconds of the same clock. */
  readonly ends: readonly number[];
}

export const newStepClock: StepClock = { ends: [] };

/** Call with the number of finished steps whenever one has ended. */
export function stepEnded(clock: StepClock, done: number, now: number): StepClock {
  // the first step compiles shaders and fills caches, so its duration says nothing about the others
  if (done < 1) return newStepClock;
  return { ends: [...clock.ends, now].slice(-(window + 1)) };
}

/** Milliseconds left; undefined before two steps have ended. */
export function timeLeft(clock: StepClock, remainingSteps: number): number | undefined {
  const first = clock.ends[0];
  const last = clock.ends.at(-1);
  if (first === undefined || last === undefined || clock.ends.length < 2) return undefined;
  return ((last - first) / (clock.ends.length - 1)) * remainingSteps;
}

/** Milliseconds that a step may always take before it looks stuck. */
const patience = 30_000;

/** Whether the running step has taken ten times as long as the ones before it. */
export function looksStuck(clock: StepClock, now: number): boolean {
  const usual = timeLeft(clock, 1);
  return usual !== undefined && now - (clock.ends.at(-1) ?? now) > Math.max(patience, 10 * usual);
}
