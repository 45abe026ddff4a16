import { expect, it } from 'vitest';
import type { FileTensor } from './safetensors';
import { planShards } from './shards';

function contiguous(...bytes: number[]): FileTensor[] {
  let end = 100;
  return bytes.map((size, index) => {
    const begin = end;
    end += size;
    return { name: `t${index}`, dtype: 'U8', shape: [size], begin, end };
  });
}

it('fills shards up to the limit and puts what is larger into one of its own', () => {
  const plan = planShards(contiguous(4, 6, 1, 25, 3, 7, 10), 'unet', 10);
  expect(plan.shards).toEqual([
    { begin: 100, end: 110 },
    { begin: 110, end: 111 },
    { begin: 111, end: 136 },
    { begin: 136, end: 146 },
    { begin: 146, end: 156 },
  ]);
  expect(plan.tensors.map(({ file, offset, byteLength }) => [file, offset, byteLength])).toEqual([
    ['unet-0', 0, 4],
    ['unet-0', 4, 6],
    ['unet-1', 0, 1],
    ['unet-2', 0, 25],
    ['unet-3', 0, 3],
    ['unet-3', 3, 7],
    ['unet-4', 0, 10],
  ]);
});

it('cuts a file of 2.8 GB into shards of at most 64 MiB', () => {
  const { shards } = planShards(contiguous(...Array<number>(1400).fill(2_016_178)), 'unet');
  expect(Math.max(...shards.map(({ begin, end }) => end - begin))).toBeLessThanOrEqual(64 * 1024 * 1024);
  expect(shards).toHaveLength(43); // 33 tensors in each except the last
  expect(shards.at(-1)?.end).toBe(100 + 1400 * 2_016_178);
});

it('keeps tensors that share bytes together, and takes along what lies between tensors', () => {
  const tensor = (name: string, begin: number, end: number): FileTensor => ({
    name,
    dtype: 'U8',
    shape: [end - begin],
    begin,
    end,
  });
  const tensors = [tensor('tied', 0, 8), tensor('all', 0, 15), tensor('part', 3, 6), tensor('next', 18, 20)];
  const plan = planShards([...tensors, tensor('near', 22, 28)], 'vae', 10);
  expect(plan.shards).toEqual([
    { begin: 0, end: 15 },
    { begin: 18, end: 28 },
  ]);
  expect(plan.tensors.map(({ file, offset, byteLength }) => [file, offset, byteLength])).toEqual([
    ['vae-0', 0, 8],
    ['vae-0', 0, 15],
    ['vae-0', 3, 3],
    ['vae-1', 0, 2],
    ['vae-1', 4, 6],
  ]);
});
