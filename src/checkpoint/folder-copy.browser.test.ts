/** Copies of picked folders in storage, which work without the folder. */
import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { folder, freshFolderForEachTest, put, remove } from '../../tests/fresh-folder';
import { store } from '../../tests/fresh-store';
import { safetensors, tensor, weightFiles } from '../../tests/server/synthetic';
import { bytesOf, components, expectWeights } from '../../tests/weights';
import type { CheckpointSource } from '../engine';
import { openLocalFolder } from './local-folder';
import { openStoredCheckpoint } from './stored-checkpoint';

freshFolderForEachTest();

describe('a copy', () => {
  /** Everything that loading a checkpoint requests. */
  async function load(source: CheckpointSource): Promise<void> {
    await source.text('unet/config.json');
    await source.text('tokenizer/merges.txt');
    await source.optionalText('tokenizer/special_tokens_map.json');
    for (const component of components) await source.weights(component);
  }

  it('works without the folder', async () => {
    const source = await openLocalFolder(folder, { copyTo: store });
    await load(source);
    await expectWeights(source);
    for (const part of components) await remove(part);
    const copy = await openStoredCheckpoint(source.id, store);
    expect(copy.id).toBe(source.id);
    await expectWeights(copy);
    expect(await copy.text('tokenizer/merges.txt')).toContain('#version');
    expect(await copy.optionalText('tokenizer/special_tokens_map.json')).toBeUndefined();
    await expect(copy.text('unet/other.json')).rejects.toThrow(failure('storage', 'unet/other.json'));
  });

  it('is in half precision, and counts its bytes', async () => {
    const twin = async (file: string) => (await fetch(`/reference/checkpoint-files/${file}.safetensors`)).blob();
    await remove(weightFiles.unet);
    await put('unet/diffusion_pytorch_model.safetensors', await twin('state-dict'));
    const source = await openLocalFolder(folder, { copyTo: store });
    expect((await source.tensors('unet')).get('embeddings.weight')?.dtype).toBe('F16');
    const progress: [number, number][] = [];
    const weights = await source.weights('unet', { onProgress: (...bytes) => progress.push(bytes) });
    // 42 + 24 + 4 + 4 + 4 numbers, and 5 integers of 8 bytes
    const { length: textBytes } = await source.text('model_index.json');
    expect((await store.list())[0]?.bytes).toBe(78 * 2 + 40 + textBytes);
    expect(progress.at(-1)).toEqual([78 * 4 + 40, 78 * 4 + 40]);
    expect(weights.tensors.get('embeddings.weight')).toMatchObject({ dtype: 'F16', shape: [7, 6], byteLength: 84 });
    expect(weights.tensors.get('position_ids')).toMatchObject({ dtype: 'I64', byteLength: 40 });
    expect(await bytesOf(weights, 'position_ids')).toEqual(new Uint8Array(BigInt64Array.of(0n, 1n, 2n, 3n, 4n).buffer));
  });

  it('goes on where it broke off', async () => {
    const MiB = 2 ** 20;
    await put(weightFiles.unet, safetensors({ a: tensor(40 * MiB, 1), b: tensor(40 * MiB, 2) }));
    const source = await openLocalFolder(folder, { copyTo: store });
    const abort = new AbortController();
    const onProgress = (bytes: number) => {
      if (bytes > 40 * MiB) abort.abort();
    };
    const cancelled = source.weights('unet', { signal: abort.signal, onProgress });
    await expect(cancelled).rejects.toThrow(failure('cancelled'));
    expect(await store.manifests(source.id)).toEqual([]);
    const [first] = await store.list();
    expect(Math.round((first?.bytes ?? 0) / MiB)).toBe(40);
    await expect(openStoredCheckpoint(source.id, store)).rejects.toThrow(failure('storage', 'text_encoder, unet, vae'));
    await source.weights('unet');
    expect((await store.list())[0]?.components).toEqual(['unet']);
  });
});
