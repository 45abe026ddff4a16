import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { safetensors, tensor, withHeader } from '../../tests/server/synthetic';
import { chooseWeightFile, readTensorTable } from './weight-files';

/** Chooses from a folder with these files, and notes what was asked for. */
async function choose(component: 'text_encoder' | 'unet' | 'vae', ...files: string[]) {
  const asked: string[] = [];
  const { path, file } = await chooseWeightFile(component, async (candidate) => {
    asked.push(candidate);
    return files.includes(candidate) ? `opened ${candidate}` : undefined;
  });
  expect(file).toBe(`opened ${path}`);
  return { path, asked };
}

describe('chooseWeightFile', () => {
  const unet = [
    'unet/diffusion_pytorch_model.fp16.safetensors',
    'unet/diffusion_pytorch_model.safetensors',
    'unet/diffusion_pytorch_model.fp16.bin',
    'unet/diffusion_pytorch_model.bin',
  ];

  it.each([0, 1, 2, 3])(
    'takes the best of what there is, and asks for no more (%d better ones missing)',
    async (missing) => {
      expect(await choose('unet', ...unet.slice(missing))).toEqual({
        path: unet[missing],
        asked: unet.slice(0, missing + 1),
      });
    },
  );

  it("knows transformers' names of the text encoder", async () => {
    expect((await choose('text_encoder', 'text_encoder/model.safetensors')).path).toBe(
      'text_encoder/model.safetensors',
    );
    expect((await choose('text_encoder', 'text_encoder/pytorch_model.bin')).path).toBe(
      'text_encoder/pytorch_model.bin',
    );
  });

  it.each([
    'vae/diffusion_pytorch_model.safetensors.index.json',
    'vae/diffusion_pytorch_model.safetensors.index.fp16.json',
    'vae/diffusion_pytorch_model.bin.index.json',
  ])('refuses weights in several files: %s', async (list) => {
    await expect(choose('vae', list)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(list) }),
    );
    // one file is better than its parts
    const whole = 'vae/diffusion_pytorch_model.bin';
    expect((await choose('vae', list, whole)).path).toBe(whole);
  });

  it('says what it has looked for', async () => {
    await expect(choose('unet', 'unet/model.ckpt')).rejects.toThrow(
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
