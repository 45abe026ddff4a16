import { expect, test } from 'vitest';
import { type SpeedSamples, speedOf, withSample } from './transfer-speed';

function sampled(...pairs: [seconds: number, bytes: number][]): SpeedSamples {
  return pairs.reduce<SpeedSamples>((samples, [at, bytes]) => withSample(samples, at * 1000, bytes), []);
}

test('is unknown at first', () => {
  expect(speedOf([])).toBeUndefined();
  expect(speedOf(sampled([0, 0], [0.5, 8e6]))).toBeUndefined();
});

test('is the mean of the last ten seconds', () => {
  expect(speedOf(sampled([0, 0], [2, 8e6]))).toBe(4e6);
  expect(speedOf(sampled([0, 0], [5, 5e6], [15, 45e6]))).toBe(4e6);
});

test('begins anew where a file does', () => {
  expect(speedOf(sampled([0, 5e6], [2, 9e6], [3, 1e6]))).toBeUndefined();
});
