/** Folders of one network, with config.json and weights at the top level: from a server, from disk, and stored. */
import { beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../../tests/errors';
import { freshStoreForEachTest, store } from '../../tests/fresh-store';
import { Space } from '../../tests/server/space';
import { putCheckpoint, safetensors, tensor } from '../../tests/server/synthetic';
import { bytesOf } from '../../tests/weights';
import type { CheckpointSource } from '../engine';
import { checkStored } from './check-stored';
import { openLocalFolder } from './local-folder';
import { openCheckpoint } from './open-checkpoint';
import type { PickedFile } from './picked-folder';
import { hasAllWeights, isStoredWhole, openStoredCheckpoint } from './stored-checkpoint';

const kind = 'decoder';
const config = JSON.stringify({ _class_name: 'AutoencoderTiny', latent_channels: 8 });
const weightFile = 'diffusion_pytorch_model.safetensors';
const tensors = { 'decoder.layers.0.weight': tensor(300, 1), 'decoder.layers.0.bias': tensor(20, 2) };
let space: Space;
freshStoreForEachTest();

beforeEach(async () => {
  space = new Space();
  await space.put('config.json', config);
  await space.put(weightFile, safetensors(tensors));
});

const open = (url = space.url) => openCheckpoint(url, { store, kind, pauses: [] });

const picked = (files: Record<string, BlobPart>): PickedFile[] =>
  Object.entries(files).map(([path, content]) => ({
    path: `taesd/${path}`,
    file: new File([content], path.split('/').at(-1) ?? '', { lastModified: 1 }),
  }));

async function expectWhole(source: CheckpointSource): Promise<void> {
  expect(await source.text('config.json')).toBe(config);
  const weights = await source.weights('decoder');
  for (const [tensorName, { dtype, shape, data }] of Object.entries(tensors)) {
    expect((await source.tensors('decoder')).get(tensorName)).toMatchObject({ dtype, shape });
    expect(await bytesOf(weights, tensorName)).toEqual(new Uint8Array(data));
  }
}

describe('from a server', () => {
  it('is stored, listed, and from then on never asked for again', async () => {
    const source = await open();
    expect(await source.weightFiles()).toEqual([
      expect.objectContaining({ component: 'decoder', path: weightFile, storedBytes: 0 }),
    ]);
    await expectWhole(source);
    expect((await store.list()).map(({ id, components }) => ({ id, components }))).toEqual([
      { id: space.url, components: ['decoder'] },
    ]);
    expect([await hasAllWeights(space.url, store), await isStoredWhole(space.url, store)]).toEqual([true, true]);
    const asked = (await space.requests()).length;
    await expectWhole(await open());
    await expectWhole(await openStoredCheckpoint(space.url, store, kind));
    expect(await space.requests()).toHaveLength(asked);
    const seen: string[] = [];
    expect(await checkStored(source.id, store, { onProgress: ({ label }) => seen.push(label) })).toEqual({
      bytes: 0,
      files: 0,
    });
    expect(new Set(seen)).toEqual(new Set(['tiny decoder']));
  });

  it('is taken for nothing else', async () => {
    await expectWhole(await open());
    const asModel = await errorOf(openStoredCheckpoint(space.url, store));
    expect([asModel.code, asModel.message]).toEqual([
      'invalid-checkpoint',
      expect.stringMatching(/is a decoder, where a diffusers model is needed/),
    ]);
    expect((await errorOf(openCheckpoint(space.url, { store, pauses: [] }))).message).toMatch(/model_index\.json/);
    // and is still there
    await expectWhole(await openStoredCheckpoint(space.url, store, kind));
  });

  it('is refused where it is another kind of folder, or not whole', async () => {
    await putCheckpoint(space, 'model/');
    const model = await errorOf(open(`${space.url}model/`));
    expect([model.code, model.message]).toEqual(['not-found', expect.stringContaining('model/config.json')]);
    await space.put('vae/config.json', '{"_class_name": "AutoencoderKL"}');
    const vae = await errorOf(open(`${space.url}vae/`));
    expect([vae.code, vae.message]).toEqual([
      'invalid-checkpoint',
      expect.stringMatching(/AutoencoderKL.*AutoencoderTiny/),
    ]);
    await space.put('bare/config.json', config);
    const bare = await errorOf((await open(`${space.url}bare/`)).weights('decoder'));
    expect([bare.code, bare.message]).toEqual(['not-found', expect.stringContaining(`nor ${weightFile}`)]);
    await space.put('cut/config.json', config);
    await space.put(`cut/${weightFile}`, safetensors(tensors).slice(0, -1));
    expect((await errorOf((await open(`${space.url}cut/`)).weights('decoder'))).code).toBe('truncated');
  });
});

describe('from disk', () => {
  it('is used where it lies, or copied', async () => {
    const files = picked({ 'config.json': config, [weightFile]: safetensors(tensors) });
    const source = await openLocalFolder(files, { kind });
    await expectWhole(source);
    expect(await store.list()).toEqual([]);
    const copy = await openLocalFolder(files, { kind, copyTo: store });
    await expectWhole(copy);
    expect(copy.id).toBe(source.id);
    await expectWhole(await openStoredCheckpoint(copy.id, store, kind));
    const other = picked({ 'config.json': `${config} `, [weightFile]: safetensors(tensors) });
    expect((await openLocalFolder(other, { kind })).id).not.toBe(source.id);
  });

  it.each([
    ['a whole model', { 'model_index.json': '{}', 'vae/config.json': '{}' }, /not a decoder.*whole model/],
    ['something else', { 'notes.txt': '' }, /not a decoder, which has a file config\.json: it holds notes\.txt/],
    ['weights only', { [weightFile]: safetensors(tensors) }, /not a decoder, which has a file config\.json/],
    ['another network', { 'config.json': '{"_class_name": "UNet3DConditionModel"}' }, /class UNet3DConditionModel/],
  ])('is refused where it is %s', async (_, files, message) => {
    const error = await errorOf(openLocalFolder(picked(files), { kind }));
    expect([error.code, error.message]).toEqual(['invalid-checkpoint', expect.stringMatching(message)]);
  });

  it('is refused without weights', async () => {
    const error = await errorOf(openLocalFolder(picked({ 'config.json': config }), { kind }));
    expect([error.code, error.message]).toEqual([
      'local-file',
      expect.stringMatching(/taesd has no weights for decoder/),
    ]);
  });
});
