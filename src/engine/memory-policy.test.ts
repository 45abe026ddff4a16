import { expect, test } from 'vitest';
import { chooseMemoryPolicy, weightBytesOf } from './memory-policy';
import type { StoredTensor } from './source';

const GIB = 2 ** 30;

test.each([
  // the shipped checkpoint, anywhere
  ['webgpu', 14e6, undefined, 'keep-ready'],
  ['webgpu', 28e6, 2 * GIB, 'keep-ready'],
  ['wasm', 28e6, 2 * GIB, 'keep-ready'],
  // text-to-video-ms-1.7b: 3.6 GB in float16, 7.2 in float32
  ['webgpu', 3.6e9, undefined, 'low-memory'],
  ['webgpu', 3.6e9, 8 * GIB, 'low-memory'],
  ['webgpu', 3.6e9, 16 * GIB, 'keep-ready'],
  ['webgpu', 7.2e9, 16 * GIB, 'low-memory'],
  ['webgpu', 7.2e9, 32 * GIB, 'keep-ready'],
  // the heap does not grow with the machine
  ['wasm', 0.9 * GIB, 32 * GIB, 'keep-ready'],
  ['wasm', 1.1 * GIB, 32 * GIB, 'low-memory'],
] as const)('%s, %d bytes of weights, %d of memory: %s', (device, weightBytes, memoryBytes, policy) => {
  expect(chooseMemoryPolicy({ device, weightBytes, memoryBytes })).toBe(policy);
});

test('weights are counted in the type that they are computed in', () => {
  const tensor: StoredTensor = { dtype: 'F16', shape: [3, 5], file: 'f', offset: 0, byteLength: 30 };
  const weights = { tensors: new Map([['a', tensor]]), files: new Map() };
  expect(weightBytesOf([weights, weights], 'float16')).toBe(60);
  expect(weightBytesOf([weights], 'float32')).toBe(60);
});
