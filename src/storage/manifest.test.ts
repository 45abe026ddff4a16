import { expect, it } from 'vitest';
import { type Manifest, manifestSchema } from './manifest';

const manifest: Manifest = {
  checkpoint: 'https://example.org/model/',
  component: 'unet',
  file: { path: 'unet/file', bytes: 350 },
  version: '1',
  shards: [
    { begin: 100, end: 300 },
    { begin: 310, end: 350 },
  ],
  tensors: [
    { name: 'a', dtype: 'F16', shape: [10, 5], file: 'unet-0', offset: 100, byteLength: 100 },
    { name: 'scalar', dtype: 'I64', shape: [], file: 'unet-1', offset: 32, byteLength: 8 },
    // shares bytes with the preceding one
    { name: 'view', dtype: 'U8', shape: [40], file: 'unet-1', offset: 0, byteLength: 40 },
  ],
};

function changed(tensor: Partial<Manifest['tensors'][number]>): Manifest {
  const [first, ...others] = manifest.tensors;
  return { ...manifest, tensors: first ? [{ ...first, ...tensor }, ...others] : [] };
}

it('accepts a manifest as it is written', () => {
  expect(manifestSchema.parse(manifest)).toEqual(manifest);
});

it.each<[string, Manifest]>([
  ['begins outside of its shard', changed({ offset: 200 })],
  ['ends outside of its shard', changed({ offset: 102 })],
  ['lies in a shard that does not exist', changed({ file: 'unet-2' })],
  ['lies in a shard of another component', changed({ file: 'vae-0' })],
  ['is longer than its shape', changed({ offset: 0, byteLength: 102 })],
  ['is longer than its type', changed({ dtype: 'U8' })],
  [
    'is of an unknown type',
    {
      ...manifest,
      tensors: JSON.parse('[{"name":"a","dtype":"constructor","shape":[],"file":"unet-0","offset":0,"byteLength":0}]'),
    },
  ],
])('refuses one with a tensor that %s', (_, bad) => {
  expect(manifestSchema.safeParse(bad).success).toBe(false);
});

it.each<[string, Manifest['shards']]>([
  [
    'overlap',
    [
      { begin: 100, end: 300 },
      { begin: 299, end: 350 },
    ],
  ],
  [
    'are not in their order',
    [
      { begin: 310, end: 510 },
      { begin: 100, end: 140 },
    ],
  ],
  [
    'are empty',
    [
      { begin: 100, end: 300 },
      { begin: 310, end: 350 },
      { begin: 350, end: 350 },
    ],
  ],
  [
    'end before they begin',
    [
      { begin: 100, end: 300 },
      { begin: 350, end: 310 },
    ],
  ],
])('refuses one with shards that %s', (_, shards) => {
  expect(manifestSchema.safeParse({ ...manifest, shards }).success).toBe(false);
});
