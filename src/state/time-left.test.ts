import { describe, expect, test } from 'vitest';
import { looksStuck, newStepClock, stepEnded, timeLeft } from './time-left';

/** A clock after steps that ended at these times, in milliseconds. */
const clockAfter = (...ends: number[]) => ends.reduce((clock, end, i) => stepEnded(clock, i + 1, end), newStepClock);

describe('time left', () => {
  test('is not guessed before the second step has ended', () => {
    expect(timeLeft(newStepClock, 20)).toBeUndefined();
    expect(timeLeft(clockAfter(9000), 19)).toBeUndefined();
  });

  test('leaves out the first step, which compiles shaders', () => {
    expect(timeLeft(clockAfter(60_000, 61_000), 18)).toBe(18_000);
  });

  test('follows the last five steps only', () => {
    const slowThenFast = clockAfter(0, 10_000, 20_000, 21_000, 22_000, 23_000, 24_000, 25_000);
    expect(timeLeft(slowThenFast, 3)).toBe(3000);
  });

  test('starts anew with the next video', () => {
    expect(timeLeft(stepEnded(clockAfter(0, 1000, 2000), 0, 3000), 20)).toBeUndefined();
  });
});

describe('a step that looks stuck', () => {
  test('took ten times as long as the others, and half a minute', () => {
    const slow = clockAfter(0, 10_000, 20_000);
    expect(looksStuck(slow, 20_000 + 100_000)).toBe(false);
    expect(looksStuck(slow, 20_000 + 100_001)).toBe(true);
    const fast = clockAfter(0, 100, 200);
    expect(looksStuck(fast, 200 + 30_000)).toBe(false);
    expect(looksStuck(fast, 200 + 30_001)).toBe(true);
  });

  test('is not guessed while nothing is known of the others', () => {
    expect(looksStuck(newStepClock, 1e9)).toBe(false);
    expect(looksStuck(clockAfter(1000), 1e9)).toBe(false);
  });
});
