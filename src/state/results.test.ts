import { expect, test } from 'vitest';
import { videoFileName } from './results';

test.each([
  [
    'a red circle moving right on a blue background',
    42,
    'kinora-a-red-circle-moving-right-on-a-blue-background-seed-42.mp4',
  ],
  ['Ein Café, "groß" / C:\\x', 0, 'kinora-ein-cafe-gro-c-x-seed-0.mp4'],
  ['naïve', 3, 'kinora-naive-seed-3.mp4'],
  ['熊猫', 5, 'kinora-seed-5.mp4'],
])('%s', (prompt, seed, name) => {
  expect(videoFileName({ prompt, seed })).toBe(name);
});

test('a long prompt is cut between words', () => {
  const name = videoFileName({ prompt: 'a small yellow star spinning slowly over the quiet sea at night', seed: 1 });
  expect(name).toBe('kinora-a-small-yellow-star-spinning-slowly-over-the-seed-1.mp4');
});
