import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { folder, freshFolderForEachTest, list, put, remove } from '../../tests/fresh-folder';
import { name, store } from '../../tests/fresh-store';
import { modelIndex, pattern, safetensors, tensor, tensors, weightFiles } from '../../tests/server/synthetic';
import { bytesOf, components, expectWeights } from '../../tests/weights';
import { openLocalFolder } from './local-folder';
import { openStoredCheckpoint } from './stored-checkpoint';

freshFolderForEachTest();

describe('a folder', () => {
  it('is a checkpoint, and nothing of it is copied', async () => {
    const source = await openLocalFolder(folder);
    await expectWeights(source);
    expect(await source.text('unet/config.json')).toBe('{}');
    expect(await source.text('tokenizer/merges.txt')).toContain('#version');
    expect(await source.optionalText('tokenizer/special_tokens_map.json')).toBeUndefined();
    expect(await store.list()).toEqual([]);
    await expect(source.text('scheduler/scheduler_config.json')).rejects.toThrow(
      failure('local-file', 'scheduler_config'),
    );
  });

  it('is the same as a list of files', async () => {
    const source = await openLocalFolder(await list());
    await expectWeights(source);
    expect(await source.text('tokenizer/merges.txt')).toContain('#version');
    expect(await source.optionalText('tokenizer/special_tokens_map.json')).toBeUndefined();
    expect(source.id).toBe((await openLocalFolder(folder)).id);
  });

  it('can be handed to a worker', async () => {
    const [sent, files] = [structuredClone(folder), structuredClone(await list())];
    await expectWeights(await openLocalFolder(sent));
    await expectWeights(await openLocalFolder(files));
  });

  it('keeps its id until something in it changes', async () => {
    const { id } = await openLocalFolder(folder);
    expect(id).toContain(`folder:${name}/`);
    expect((await openLocalFolder(folder)).id).toBe(id);
    await put('unet/config.json', '{ }');
    const changed = (await openLocalFolder(folder)).id;
    expect(changed).not.toBe(id);
    await put(weightFiles.vae, safetensors({ other: tensor(500, 9) }));
    expect((await openLocalFolder(folder)).id).not.toBe(changed);
  });

  it('hands out a large file in pieces, of which none is read', async () => {
    const MiB = 2 ** 20;
    const large = { a: tensor(40 * MiB, 1), b: tensor(40 * MiB, 2) };
    await put(weightFiles.unet, safetensors(large));
    const weights = await (await openLocalFolder(folder)).weights('unet');
    expect([...weights.files.values()].map(({ size }) => size / MiB)).toEqual([40, 40]);
    const { file = '', offset = 0 } = weights.tensors.get('b') ?? {};
    const last = weights.files.get(file)?.slice(offset + 40 * MiB - 8);
    expect(new Uint8Array((await last?.arrayBuffer()) ?? [])).toEqual(pattern(40 * MiB, 2).slice(-8));
  });

  it("may hold PyTorch's files, and full precision", async () => {
    for (const component of components) await remove(weightFiles[component]);
    const fetched = async (file: string) => (await fetch(`/reference/checkpoint-files/${file}`)).blob();
    await put('unet/diffusion_pytorch_model.bin', await fetched('state-dict.bin'));
    await put('vae/diffusion_pytorch_model.safetensors', await fetched('state-dict.safetensors'));
    await put('text_encoder/pytorch_model.fp16.bin', await fetched('half.bin'));
    const source = await openLocalFolder(folder);
    const [bin, twin] = [await source.weights('unet'), await source.weights('vae')];
    expect(bin.tensors.size).toBe(6);
    for (const [tensorName, { dtype }] of twin.tensors) {
      expect(bin.tensors.get(tensorName)?.dtype).toBe(dtype);
      expect(await bytesOf(bin, tensorName)).toEqual(await bytesOf(twin, tensorName));
    }
    expect((await source.tensors('text_encoder')).get('embeddings.weight')?.dtype).toBe('F16');
  });
});

/** The UNet's weights in several files, a tensor in each. */
async function putParts(): Promise<void> {
  await remove(weightFiles.unet);
  const weight_map: Record<string, string> = {};
  for (const [index, entry] of Object.entries(tensors.unet).entries()) {
    const file = `part-${index}.safetensors`;
    await put(`unet/${file}`, safetensors(Object.fromEntries([entry])));
    weight_map[entry[0]] = file;
  }
  await put('unet/diffusion_pytorch_model.safetensors.index.json', JSON.stringify({ weight_map }));
}

describe('weights in several files', () => {
  it('are used where they lie', async () => {
    await putParts();
    const source = await openLocalFolder(folder);
    await expectWeights(source);
    await put('unet/part-0.safetensors', safetensors({ other: tensor(500, 9) }));
    expect((await openLocalFolder(folder)).id).not.toBe(source.id);
  });

  it('are copied, and the copy is whole with all of them', async () => {
    await putParts();
    const source = await openLocalFolder(folder, { copyTo: store });
    for (const component of components) await source.weights(component);
    await remove('unet');
    await expectWeights(await openStoredCheckpoint(source.id, store));
  });

  it('may not hold a tensor twice', async () => {
    await putParts();
    await put('unet/part-1.safetensors', safetensors(tensors.unet));
    const source = await openLocalFolder(folder);
    await expect(source.tensors('unet')).rejects.toThrow(
      failure('invalid-checkpoint', 'is in another weight file too'),
    );
  });
});

describe('a file that is no longer what it was', () => {
  it('has changed', async () => {
    const source = await openLocalFolder(folder);
    await source.tensors('unet');
    await put(weightFiles.unet, safetensors({ a: tensor(12, 3) }));
    await expect(source.weights('unet')).rejects.toThrow(failure('local-file', weightFiles.unet));
    await expect(openLocalFolder(folder)).resolves.toBeDefined();
  });

  it('has vanished', async () => {
    const source = await openLocalFolder(folder);
    await remove(weightFiles.vae);
    await remove('unet/config.json');
    await expect(source.tensors('vae')).rejects.toThrow(failure('local-file', weightFiles.vae));
    await expect(source.text('unet/config.json')).rejects.toThrow(failure('local-file', 'unet/config.json'));
    await expect(openLocalFolder(folder)).rejects.toThrow(
      failure('local-file', 'no weights for vae: There is neither vae/diffusion_pytorch_model.fp16.safetensors'),
    );
  });

  it('has vanished from a list', async () => {
    const source = await openLocalFolder(await list());
    await remove('unet');
    await expect(source.weights('unet')).rejects.toThrow(failure('local-file', 'Choose the folder again'));
    await expect(source.text('unet/config.json')).rejects.toThrow(failure('local-file', 'unet/config.json'));
  });
});

describe('what is not a checkpoint', () => {
  it.each<[string, Record<string, string>, string]>([
    ['an empty folder', {}, 'it is empty'],
    ['a part of a model', { 'config.json': '{}' }, 'suggests that it is a part of one'],
    ['a cache of the hub', { 'snapshots/abc/model_index.json': '{}', 'refs/main': 'abc' }, 'a hub cache'],
    ['a single file', { 'v1-5-pruned.safetensors': '' }, 'it holds v1-5-pruned.safetensors'],
    ['something else', { 'a.jpg': '', 'b/c.jpg': '' }, 'it holds '],
  ])('is refused with what it is: %s', async (_, files, message) => {
    await remove('model_index.json');
    for (const part of [...components, 'tokenizer']) await remove(part);
    for (const [path, text] of Object.entries(files)) await put(path, text);
    await expect(openLocalFolder(folder)).rejects.toThrow(failure('invalid-checkpoint', message));
    await expect(openLocalFolder(await list())).rejects.toThrow(failure('invalid-checkpoint', message));
  });

  it('is another pipeline, or no JSON', async () => {
    await put('model_index.json', JSON.stringify({ ...modelIndex, _class_name: 'StableDiffusionPipeline' }));
    await expect(openLocalFolder(folder)).rejects.toThrow(failure('invalid-checkpoint', 'StableDiffusionPipeline'));
    await put('model_index.json', '{');
    await expect(openLocalFolder(folder)).rejects.toThrow(failure('invalid-checkpoint', 'not valid JSON'));
    await put('model_index.json', new Uint8Array([0x22, 0xff, 0x22]));
    await expect(openLocalFolder(folder)).rejects.toThrow(failure('invalid-checkpoint', 'UTF-8'));
  });

  it.each<[string, string, Uint8Array<ArrayBuffer>, string]>([
    ['a weight file that is cut off', 'local-file', safetensors(tensors.unet).slice(0, -1), 'conv_in.bias'],
    ['a weight file that is empty', 'local-file', new Uint8Array(), 'ends at byte 0'],
    ['a header of 4 GB', 'invalid-checkpoint', new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 123, 125]), '4294967296'],
  ])('has %s', async (_, code, content, message) => {
    await put(weightFiles.unet, content);
    const source = await openLocalFolder(folder);
    await expect(source.tensors('unet')).rejects.toThrow(failure(code, message));
    await expect(source.weights('unet')).rejects.toThrow(failure(code, message));
  });

  it('reads what Python calls JSON, and only that', async () => {
    const text = '{"lambda_min_clipped": -Infinity, "other": [NaN]}';
    await put('scheduler/scheduler_config.json', text);
    await put('model_index.json', JSON.stringify({ ...modelIndex, a: 0 }).replace('"a":0', '"a":Infinity'));
    const source = await openLocalFolder(folder);
    expect(await source.text('scheduler/scheduler_config.json')).toBe(text);
    await put('scheduler/scheduler_config.json', '{"a": -inf}');
    await expect((await openLocalFolder(folder)).text('scheduler/scheduler_config.json')).rejects.toThrow(
      failure('invalid-checkpoint', 'scheduler/scheduler_config.json is not valid JSON'),
    );
  });

  it('names a weight file that is not there', async () => {
    await putParts();
    await remove('unet/part-1.safetensors');
    await expect(openLocalFolder(folder)).rejects.toThrow(
      failure('invalid-checkpoint', 'names unet/part-1.safetensors, which is not there'),
    );
  });
});
