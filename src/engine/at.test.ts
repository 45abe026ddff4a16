import { expect, test } from 'vitest';
import { at } from './at';

test('from both ends', () => {
  expect([at([5, 6, 0], 0), at([5, 6, 0], -1)]).toEqual([5, 0]);
});

test.each([3, -4])('%d of three is a bug, and no undefined that goes on', (index) => {
  expect(() => at([5, 6, 7], index)).toThrow(expect.objectContaining({ code: 'internal' }));
});
