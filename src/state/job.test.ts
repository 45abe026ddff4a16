import { beforeEach, expect, test } from 'vitest';
import { completeParameters } from '../engine/parameters/values';
import type { JobProgress } from '../protocol';
import { markCancelling, overallFraction, reportProgress, startJob, useJob } from './job';

const request = completeParameters({ prompt: 'a red circle', numInferenceSteps: 4, numFrames: 8 });

beforeEach(() => useJob.setState(useJob.getInitialState()));

const [textEncoder, unet, vae] = ['text_encoder', 'unet', 'vae'].map((component, index) => ({
  ...{ component, label: component, index, count: 3 },
}));

/** Everything that a first video reports, in order. */
const wholeJob: JobProgress[] = [
  { stage: 'open', done: 0, total: 1 },
  { stage: 'fetch', network: textEncoder, done: 0, total: 6e6 },
  { stage: 'fetch', network: textEncoder, done: 6e6, total: 6e6 },
  { stage: 'fetch', network: unet, done: 4e6, total: 9e6 },
  { stage: 'fetch', network: vae, done: 1e6, total: 1e6 },
  { stage: 'tokenize', done: 0, total: 1 },
  { stage: 'load', network: textEncoder, done: 0, total: 1 },
  { stage: 'encode', done: 0, total: 1 },
  { stage: 'load', network: unet, done: 0, total: 1 },
  { stage: 'denoise', done: 0, total: 4 },
  { stage: 'denoise', done: 4, total: 4 },
  { stage: 'load', network: vae, done: 0, total: 1 },
  { stage: 'decode', done: 0, total: 8 },
  { stage: 'decode', done: 8, total: 8 },
  { stage: 'mp4', done: 0, total: 8 },
  { stage: 'mp4', done: 8, total: 8 },
];

function fraction(): number {
  const { job } = useJob.getState();
  return job.phase === 'running' ? job.fraction : Number.NaN;
}

test('the bar goes from 0 to 1 and never back', () => {
  startJob(request);
  const fractions = wholeJob.map((progress) => {
    reportProgress(progress, 0);
    return fraction();
  });
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBe(1);
});

test('most of the bar belongs to the steps', () => {
  const at = (done: number) => overallFraction({ stage: 'denoise', done, total: 20 });
  expect(at(20) - at(0)).toBeGreaterThan(0.7);
  expect(at(10)).toBeCloseTo((at(0) + at(20)) / 2);
});

test('a stage without a total does not break the bar', () => {
  expect(overallFraction({ stage: 'fetch', network: unet, done: 0, total: 0 })).toBeGreaterThan(0);
});

test('what arrives after the end changes nothing', () => {
  reportProgress({ stage: 'denoise', done: 3, total: 4 }, 0);
  markCancelling();
  expect(useJob.getState().job).toEqual({ phase: 'idle' });
});
