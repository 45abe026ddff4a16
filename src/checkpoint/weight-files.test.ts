import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { safetensors, tensor, withHeader } from '../../tests/server/synthetic';
import { autoencoderDefinition } from '../engine/networks/autoencoder-kl';
import { clipTextDefinition } from '../engine/networks/clip-text-model';
import { unet3DDefinition } from '../engine/networks/unet-3d-condition-model';
import { KinoraError } from '../shared/errors';
import { LocalFile } from './local-origin';
import type { Origin } from './origin';
import { findWeights, readTensorTable } from './weight-files';

const names = { unet: unet3DDefinition, text_encoder: clipTextDefinition, vae: autoencoderDefinition };

/** Finds the weights in a folder with these files (indexes with their text), and records what was requested. */
async function find(component: keyof typeof names, files: Record<string, string>) {
  const asked: string[] = [];
  const has = async (path: string) => {
    asked.push(path);
    return files[path];
  };
  const origin: Origin = {
    text: () => Promise.reject(new Error('No text is needed.')),
    optionalText: has,
    open: async (path) => ((await has(path)) === undefined ? undefined : new LocalFile(path, new File([], path))),
    published: async () => undefined,
    withoutWeights: (of, problem) => new KinoraError('not-found', `${of}: ${problem}`),
  };
  const found = await findWeights(origin, component, { folder: `${component}/`, weights: names[component].weights });
  expect(found.map(({ file }) => file.url)).toEqual(found.map(({ path }) => path));
  return { paths: found.map(({ path }) => path), asked };
}

describe('findWeights', () => {
  const unet = [
    'unet/diffusion_pytorch_model.fp16.safetensors',
    'unet/diffusion_pytorch_model.safetensors',
    'unet/diffusion_pytorch_model.fp16.bin',
    'unet/diffusion_pytorch_model.bin',
  ];

  it.each([0, 1, 2, 3])(
    'takes the best of what there is, and asks for no more (%d better ones missing)',
    async (missing) => {
      const files = Object.fromEntries(unet.slice(missing).map((path) => [path, '']));
      expect(await find('unet', files)).toEqual({
        paths: unet.slice(missing, missing + 1),
        asked: unet.slice(0, missing + 1),
      });
    },
  );

  it.each(['text_encoder/model.safetensors', 'text_encoder/pytorch_model.bin'])(
    "knows transformers' names of the text encoder: %s",
    async (path) => expect((await find('text_encoder', { [path]: '' })).paths).toEqual([path]),
  );

  const parts = ['00001', '00002'].map((part) => `diffusion_pytorch_model-${part}-of-00002`);
  const listing = (...files: unknown[]) =>
    JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(files.map((file, i) => [`tensor${i}`, file])) });

  it.each([
    ['safetensors', 'vae/diffusion_pytorch_model.safetensors.index.json'],
    ['safetensors', 'vae/diffusion_pytorch_model.safetensors.index.fp16.json'],
    ['bin', 'vae/diffusion_pytorch_model.bin.index.json'],
  ])('takes the files that a list names, each once: %s, %s', async (ending, list) => {
    const files = parts.map((part) => `${part}.${ending}`);
    const folder = {
      [list]: listing(...files.toReversed(), ...files),
      ...Object.fromEntries(files.map((file) => [`vae/${file}`, ''])),
    };
    expect((await find('vae', folder)).paths).toEqual(files.map((file) => `vae/${file}`));
    // one file is simpler than its parts
    const whole = 'vae/diffusion_pytorch_model.bin';
    expect((await find('vae', { ...folder, [whole]: '' })).paths).toEqual([whole]);
  });

  it.each([
    ['{}', 'weight_map is missing'],
    ['{"weight_map": []}', 'weight_map is missing'],
    ['{"weight_map": {}}', 'names 0 files'],
    [listing('../unet/a.safetensors'), 'names "../unet/a.safetensors"'],
    [listing('https://example.org/a.safetensors'), 'which is not a .safetensors file of its folder'],
    [listing('a.bin'), 'names "a.bin"'],
    [listing(7), 'names 7'],
    [listing(...Array.from({ length: 300 }, (_, i) => `${i}.safetensors`)), 'names 300 files'],
    [listing('a.safetensors'), 'names vae/a.safetensors, which is not there'],
    ['{', 'not valid JSON'],
  ])('refuses a list that makes no sense: %s', async (text, message) => {
    await expect(find('vae', { 'vae/diffusion_pytorch_model.safetensors.index.json': text })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(message) }),
    );
  });

  it('says what it has looked for', async () => {
    await expect(find('unet', { 'unet/model.ckpt': '' })).rejects.toThrow(
      expect.objectContaining({ code: 'not-found', message: expect.stringContaining(unet.join(' nor ')) }),
    );
  });
});

describe('readTensorTable', () => {
  const file = safetensors({ a: tensor(8, 0), b: tensor(6, 1) });
  const pytorch = new Uint8Array(readFileSync(new URL('../../reference/checkpoint-files/half.bin', import.meta.url)));

  function read(bytes: Uint8Array, path: string, sizeIsKnown = true) {
    const size = sizeIsKnown ? bytes.length : undefined;
    return readTensorTable({ size, read: async (begin, end) => bytes.subarray(begin, end) }, path);
  }

  it('reads both formats', async () => {
    expect(await read(file, 'a.safetensors')).toMatchObject([{ name: 'a', dtype: 'F16', shape: [4] }, { name: 'b' }]);
    expect(await read(pytorch, 'a.bin')).toHaveLength(6);
  });

  it('checks the size where it is known', async () => {
    const refused = expect.objectContaining({ code: 'truncated' });
    await expect(read(file.subarray(0, -1), 'a.safetensors')).rejects.toThrow(refused);
    await expect(read(file.subarray(0, 5), 'a.safetensors')).rejects.toThrow(refused);
    await expect(read(withHeader('{"a"}').subarray(0, 10), 'a.safetensors')).rejects.toThrow(refused);
    expect(await read(file, 'a.safetensors', false)).toHaveLength(2);
    await expect(read(pytorch, 'a.bin', false)).rejects.toThrow(expect.objectContaining({ code: 'range-unsupported' }));
  });
});
