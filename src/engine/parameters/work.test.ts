import { expect, test } from 'vitest';
import { type NetworkWork, videoFlops } from './work';

const networks: NetworkWork[] = [
  { flops: 1, per: 'prompt' },
  { flops: 100, per: 'step' },
  { flops: 10_000, per: 'frame' },
];
const video = { numInferenceSteps: 25, guidanceScale: 9, guidanceStart: 0, guidanceStop: 1, numFrames: 16 };

test.each([
  ['guidance runs each step twice', {}, 2, 50],
  ['none does not', { guidanceScale: 1 }, 1, 25],
  ['nor where it never begins', { guidanceStart: 1 }, 1, 25],
  ['in an interval, whose ends are rounded down', { guidanceStart: 0.2, guidanceStop: 0.75 }, 2, 25 + 13],
])('%s', (_, changes, prompts, runs) => {
  expect(videoFlops(networks, { ...video, ...changes })).toBe(prompts + 100 * runs + 16 * 10_000);
});
