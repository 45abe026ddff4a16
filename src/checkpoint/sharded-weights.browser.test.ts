import { beforeEach, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { freshStoreForEachTest, store } from '../../tests/fresh-store';
import { Space } from '../../tests/server/space';
import { putCheckpoint, putLarge, type SyntheticTensor, safetensors, tensor } from '../../tests/server/synthetic';
import { bytesOf } from '../../tests/weights';
import type { CheckpointSource } from '../engine';
import { openCheckpoint } from './open-checkpoint';
import { isStoredWhole, openStoredCheckpoint } from './stored-checkpoint';

/** Weights that were split into several files, as `save_pretrained(max_shard_size=…)` writes them, on a server. */

const MiB = 2 ** 20;
const folder = 'split/';
const list = `${folder}unet/diffusion_pytorch_model.safetensors.index.json`;
const parts = [1, 2].map((n) => `${folder}unet/diffusion_pytorch_model-0000${n}-of-00002.safetensors`);
let space: Space;
freshStoreForEachTest();

beforeEach(async () => {
  space = new Space();
});

/** A checkpoint whose UNet is in two files; the tensors of each. */
async function putSplit(...tensors: [Record<string, SyntheticTensor>, Record<string, SyntheticTensor>]): Promise<void> {
  await putCheckpoint(space, folder);
  await space.put(`${folder}unet/diffusion_pytorch_model.fp16.safetensors`, '', { status: 404 });
  const weight_map: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    await space.put(part, safetensors(tensors[index] ?? {}));
    for (const tensorName of Object.keys(tensors[index] ?? {})) weight_map[tensorName] = part.replace(/^.*\//, '');
  }
  await space.put(list, JSON.stringify({ metadata: { total_size: 1 }, weight_map }));
}

function open(url = space.url + folder): Promise<CheckpointSource> {
  return openCheckpoint(url, { store, pauses: [] });
}

const a = { 'conv_in.weight': tensor(1000, 2) };
const b = { 'conv_in.bias': tensor(24, 3), 'conv_out.bias': tensor(8, 4) };

it('are one component, whose bytes are counted together', async () => {
  await putSplit(a, b);
  const source = await open();
  expect([...(await source.tensors('unet')).keys()].sort()).toEqual(Object.keys({ ...a, ...b }).sort());
  const progress: [number, number][] = [];
  const weights = await source.weights('unet', { onProgress: (...bytes) => progress.push(bytes) });
  for (const [tensorName, { data }] of Object.entries({ ...a, ...b })) {
    expect(await bytesOf(weights, tensorName)).toEqual(data);
  }
  expect(progress.at(0)).toEqual([0, 1032]);
  expect(progress.at(-1)).toEqual([1032, 1032]);
  const done = progress.map(([bytes]) => bytes);
  expect(done).toEqual(done.toSorted((one, other) => one - other));
});

it('are stored whole with all of their files only, and need no server then', async () => {
  await putSplit(a, b);
  const source = await open();
  for (const component of ['text_encoder', 'vae']) await source.weights(component);
  expect(await isStoredWhole(source.id, store)).toBe(false);
  await source.weights('unet');
  expect(await isStoredWhole(source.id, store)).toBe(true);
  const before = (await space.requests()).length;
  const weights = await (await openStoredCheckpoint(source.id, store)).weights('unet');
  expect(await bytesOf(weights, 'conv_out.bias')).toEqual(b['conv_out.bias'].data);
  expect(await space.requests()).toHaveLength(before);
});

it('go on with the file that they broke off in', async () => {
  await putSplit(a, b);
  const second = safetensors(b);
  await space.put(parts[1] ?? '', second, { cutAfter: 4, at: second.length - 1 });
  await expect((await open()).weights('unet')).rejects.toThrow(failure('truncated'));
  const before = (await space.requests()).length;
  await space.put(parts[1] ?? '', second);
  const weights = await (await open()).weights('unet');
  expect(await bytesOf(weights, 'conv_in.weight')).toEqual(a['conv_in.weight'].data);
  expect(await bytesOf(weights, 'conv_in.bias')).toEqual(b['conv_in.bias'].data);
  const again = (await space.requests()).slice(before).filter((line) => line.includes('00001-of'));
  // its header, to check that it is the same file
  expect(again.every((line) => /bytes=0-7|bytes=8-/.test(line))).toBe(true);
});

it('of which one has grown large are cut into shards', async () => {
  await putSplit(a, b);
  const large = await putLarge(space, parts[1] ?? '', [40 * MiB, 40 * MiB], 0);
  const weights = await (await open()).weights('unet');
  expect([...weights.files.values()].map(({ size }) => size)).toEqual([1000, 40 * MiB, 40 * MiB]);
  expect(indexedDB.cmp(await bytesOf(weights, 'b'), large.b?.data ?? [])).toBe(0);
});

it('of which one is missing are refused with its name', async () => {
  await putSplit(a, b);
  await space.put(parts[1] ?? '', '', { status: 404 });
  await expect((await open()).tensors('unet')).rejects.toThrow(
    failure('invalid-checkpoint', 'names unet/diffusion_pytorch_model-00002-of-00002.safetensors, which is not there'),
  );
});
