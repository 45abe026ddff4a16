import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { name, store } from '../../tests/fresh-store';
import { freshCheckpointForEachTest, open, space, weightRequests } from '../../tests/server/fresh-checkpoint';
import { Space } from '../../tests/server/space';
import { modelIndex, putLarge, safetensors, tensors, weightFiles, withHeader } from '../../tests/server/synthetic';
import { components, expectTensors } from '../../tests/weights';
import type { CheckpointSource, Component, Weights } from '../engine';
import { openCheckpoint } from './open-checkpoint';

const MiB = 1024 * 1024;
freshCheckpointForEachTest();

/** Fetches everything, in the engine's order, like a visit. */
async function visit(): Promise<CheckpointSource> {
  const source = await open();
  await source.text('unet/config.json');
  await source.text('tokenizer/merges.txt');
  await source.optionalText('tokenizer/special_tokens_map.json');
  for (const component of components) {
    await source.tensors(component);
    await source.weights(component);
  }
  return source;
}

describe('a first visit', () => {
  it('reads headers before weights, and every weight once', async () => {
    const source = await open();
    const specs = await source.tensors('unet');
    expect(specs.get('conv_in.weight')).toMatchObject({ dtype: 'F16', shape: [500] });
    const header = (await space.requests()).length;
    const progress: [number, number][] = [];
    const weights = await source.weights('unet', { onProgress: (...bytes) => progress.push(bytes) });
    await expectTensors(weights, tensors.unet);
    expect(progress.at(0)).toEqual([0, 1024]);
    expect(progress.at(-1)).toEqual([1024, 1024]);
    expect((await space.requests()).length - header).toBe(1);
  });

  it('cuts a large file into shards of whole tensors, with one of its own for what is larger than that', async () => {
    const large = await putLarge(
      space,
      weightFiles.unet,
      [40, 20, 6, 65].map((size) => size * MiB),
      0,
    );
    const weights = await (await open()).weights('unet');
    expect([...weights.files.values()].map(({ size }) => size / MiB)).toEqual([60, 6, 65]);
    await expectTensors(weights, large);
  });

  it('takes whole small files from a server without Range', async () => {
    for (const component of components) {
      await space.put(weightFiles[component], safetensors(tensors[component]), { ignoreRange: true });
    }
    const source = await visit();
    await expectTensors(await source.weights('unet'), tensors.unet);
    expect(await weightRequests()).toHaveLength(3);
  });

  it('works where the headers of the answer may not be read', async () => {
    await space.set({ hideHeaders: true });
    await expectTensors(await (await visit()).weights('vae'), tensors.vae);
  });

  it.each([false, true])(
    'falls back to full precision (missing files answered with a page: %s)',
    async (singlePageApp) => {
      const other = new Space();
      await other.set({ singlePageApp });
      await other.put('model_index.json', JSON.stringify(modelIndex));
      const values = Float32Array.from([0, 1, -2, 0.5, 65504, 1e-9]);
      const full = { a: { dtype: 'F32' as const, shape: [2, 3], data: new Uint8Array(values.buffer) } };
      await other.put('vae/diffusion_pytorch_model.safetensors', safetensors(full));
      const source = await openCheckpoint(other.url, { store });
      const progress: [number, number][] = [];
      const weights = await source.weights('vae', { onProgress: (...bytes) => progress.push(bytes) });
      // in half precision
      const halves = Uint16Array.from([0, 0x3c00, 0xc000, 0x3800, 0x7bff, 0]);
      await expectTensors(weights, { a: { dtype: 'F16', shape: [2, 3], data: new Uint8Array(halves.buffer) } });
      expect(progress.at(-1)).toEqual([24, 24]);
      expect(await source.optionalText('tokenizer/tokenizer_config.json')).toBeUndefined();
      await expect(source.text('unet/config.json')).rejects.toThrow(
        failure(singlePageApp ? 'html-answer' : 'not-found', 'unet/config.json'),
      );
      await expect(source.weights('unet')).rejects.toThrow(
        failure(
          singlePageApp ? 'html-answer' : 'not-found',
          'unet/diffusion_pytorch_model.fp16.safetensors nor unet/diffusion_pytorch_model.safetensors',
        ),
      );
    },
  );
});

it("takes PyTorch's files where there are no others", async () => {
  const other = new Space();
  await other.put('model_index.json', JSON.stringify(modelIndex));
  const file = await (await fetch('/reference/checkpoint-files/half.bin')).arrayBuffer();
  await other.put('unet/diffusion_pytorch_model.bin', new Uint8Array(file));
  const source = await openCheckpoint(other.url, { store });
  expect((await source.tensors('unet')).get('embeddings.weight')).toMatchObject({ dtype: 'F16', shape: [7, 6] });
  const twin = await (await fetch('/reference/checkpoint-files/half.safetensors')).arrayBuffer();
  await other.put('vae/diffusion_pytorch_model.safetensors', new Uint8Array(twin));
  const [weights, expected] = [await source.weights('unet'), await source.weights('vae')];
  expect([...weights.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
  const bytes = async (from: Weights, key: string) => {
    const { file: shard = '', offset = 0, byteLength = 0 } = from.tensors.get(key) ?? {};
    return from.files
      .get(shard)
      ?.slice(offset, offset + byteLength)
      .arrayBuffer();
  };
  for (const key of weights.tensors.keys()) {
    expect(indexedDB.cmp(await bytes(weights, key), await bytes(expected, key))).toBe(0);
  }
});

describe('a second visit', () => {
  it('fetches nothing', async () => {
    await visit();
    const before = (await space.requests()).length;
    const source = await visit();
    await expectTensors(await source.weights('text_encoder'), tensors.text_encoder);
    expect(await source.text('tokenizer/merges.txt')).toContain('#version');
    expect(await source.optionalText('tokenizer/special_tokens_map.json')).toBeUndefined();
    expect((await space.requests()).length).toBe(before);
  });

  it('works when the server is gone', async () => {
    await visit();
    const gone: typeof fetch = () => Promise.reject(new TypeError('Failed to fetch'));
    const source = await openCheckpoint(space.url, { store, fetch: gone });
    await expectTensors(await source.weights('unet'), tensors.unet);
    await expect(source.text('unet/other.json')).rejects.toThrow(failure('network'));
  });

  it('fetches small files anew while weights are missing', async () => {
    const source = await open();
    await source.text('unet/config.json');
    await space.put('unet/config.json', '{"sample_size": 16}');
    expect(await (await open()).text('unet/config.json')).toBe('{"sample_size": 16}');
  });

  it('fetches again what storage has lost', async () => {
    const source = await visit();
    const before = (await space.requests()).length;
    await store.delete(source.id);
    await expectTensors(await source.weights('unet'), tensors.unet);
    expect(await weightRequests(before)).toHaveLength(3);
    // the others are gone, so the checkpoint counts as unfinished
    await visit();
    expect((await store.list())[0]?.components).toEqual([...components]);
  });

  it('does not call whole what it could not repair', async () => {
    const source = await visit();
    const connection = await openDB(name);
    await connection.delete('shards', IDBKeyRange.bound([source.id, 'unet'], [source.id, 'unet', []]));
    connection.close();
    await space.put(weightFiles.unet, '', { status: 503 });
    await expect(source.weights('unet')).rejects.toThrow(failure('http', '503'));
    expect((await store.list())[0]?.components).toEqual(['text_encoder', 'vae']);
  });

  it('tells checkpoints at different addresses apart', async () => {
    await visit();
    const before = (await space.requests()).length;
    const source = await openCheckpoint(`${space.url}?v=2#top`, { store });
    await source.weights('vae');
    expect(source.id).toBe(`${space.url}?v=2`);
    expect((await space.requests()).slice(before)).toEqual([
      'model_index.json?v=2',
      `${weightFiles.vae}?v=2 bytes=0-7`,
      expect.stringContaining(`${weightFiles.vae}?v=2 bytes=8-`),
      expect.stringContaining(`${weightFiles.vae}?v=2 bytes=`),
    ]);
  });
});

describe('what is not a checkpoint', () => {
  it.each([
    ['another pipeline', { ...modelIndex, _class_name: 'StableDiffusionPipeline' }, 'StableDiffusionPipeline'],
    ['another network', { ...modelIndex, unet: ['diffusers', 'UNetMotionModel'] }, 'UNetMotionModel'],
    ['no pipeline', {}, '_class_name'],
  ])('is refused with what it is: %s', async (_, index, message) => {
    await space.put('model_index.json', JSON.stringify(index));
    await expect(open()).rejects.toThrow(failure('invalid-checkpoint', message));
  });

  it.each<[string, string, Uint8Array<ArrayBuffer> | string, string]>([
    ['a header of 4 GB', 'invalid-checkpoint', new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 123, 125]), '4294967296'],
    ['a page', 'html-answer', '<!DOCTYPE html><title>Sign in</title>', 'page'],
    ['text', 'invalid-checkpoint', 'version https://git-lfs.github.com/spec/v1', 'not a safetensors file'],
    ['a header that is not JSON', 'invalid-checkpoint', withHeader('{"a"'), 'JSON'],
    ['a header that is longer than the file', 'truncated', withHeader('{"a"}').subarray(0, 10), 'ends at byte 10'],
    ['a file that is cut off', 'truncated', safetensors(tensors.unet).slice(0, -1), 'conv_in.bias'],
    [
      'a file with more than its tensors',
      'invalid-checkpoint',
      withHeader('{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}', new Uint8Array(3)),
      'bytes where its header',
    ],
    [
      'tensors that overlap',
      'invalid-checkpoint',
      safetensors(tensors.unet, (header) => {
        Object.assign(header['conv_in.bias'] ?? {}, { data_offsets: [990, 1014] });
      }),
      'conv_in.bias',
    ],
  ])('is refused: %s instead of weights', async (_, code, body, message) => {
    await space.put(weightFiles.unet, body);
    const source = await open();
    await expect(source.tensors('unet')).rejects.toThrow(failure(code, message));
    await expect(source.weights('unet')).rejects.toThrow(failure(code, message));
    expect(await store.manifests(space.url)).toEqual([]);
  });

  it.each(['models/moving-shapes', 'ftp://example.org/model', 'https://user:secret@example.org/model', ''])(
    'is refused as an address: "%s"',
    async (url) => {
      await expect(openCheckpoint(url, { store })).rejects.toThrow(failure('invalid-argument'));
    },
  );

  it('is a folder that is not there, or forbidden', async () => {
    await expect(openCheckpoint(`${space.url}elsewhere`, { store })).rejects.toThrow(
      failure('not-found', 'elsewhere/model_index.json'),
    );
    await space.put(weightFiles.vae, '', { status: 403 });
    await expect((await open()).weights('vae' satisfies Component)).rejects.toThrow(failure('access-denied', '403'));
  });
});
