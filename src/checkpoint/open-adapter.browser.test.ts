import { beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../../tests/errors';
import { Space } from '../../tests/server/space';
import { pattern, safetensors, withHeader } from '../../tests/server/synthetic';
import type { AdapterSource } from '../engine';
import { fetchAdapter, openAdapter } from './open-adapter';

const config = '{"peft_type": "LORA"}';
const half = (shape: number[], bytes: number) => ({ dtype: 'F16', shape, data: pattern(bytes, bytes) }) as const;
const file = safetensors({ 'conv_in.lora_A.weight': half([2, 4], 16), 'conv_in.lora_B.weight': half([8, 2], 32) });

let space: Space;
beforeEach(() => {
  space = new Space();
});

/** Everything that the engine asks an adapter for. */
async function contents(source: AdapterSource) {
  const { path, tensors, config: text } = await source.table();
  const reports: number[][] = [];
  const weights = await source.weights({ onProgress: (...bytes) => reports.push(bytes) });
  expect([...weights.tensors.keys()]).toEqual([...tensors.keys()]);
  const blobs = [...weights.files.values()];
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  expect(bytes).toBe((8 * 2 + 2 * 4) * 2);
  return { path, config: text, tensors: [...tensors.keys()] };
}

const expected = { config, tensors: ['conv_in.lora_A.weight', 'conv_in.lora_B.weight'] };
const open = (url: string) => openAdapter(url, { pauses: [] });

describe('on a server', () => {
  it.each(['adapter_model.safetensors', 'pytorch_lora_weights.safetensors'])('a folder with %s', async (name) => {
    await space.put(`lora/${name}`, file);
    await space.put('lora/adapter_config.json', config);
    for (const url of [`${space.url}lora`, `${space.url}lora/`, `${space.url}lora/${name}`]) {
      const adapter = await open(url);
      expect(adapter.id).toBe(url);
      expect(await contents(adapter)).toEqual({ path: name, ...expected });
    }
  });

  it('a file of any name, with a query', async () => {
    await space.put('my lora.safetensors', file);
    const adapter = await open(`${space.url}my%20lora.safetensors?v=2`);
    expect(await contents(adapter)).toEqual({ path: 'my%20lora.safetensors', ...expected, config: undefined });
  });

  it('is fetched whole for somebody else, who opens its files', async () => {
    await space.put('lora/adapter_model.safetensors', file);
    await space.put('lora/adapter_config.json', config);
    const reports: number[][] = [];
    const files = await fetchAdapter(`${space.url}lora`, { pauses: [], onProgress: (...bytes) => reports.push(bytes) });
    expect(reports.at(-1)).toEqual([file.length, file.length]);
    const adapter = await openAdapter(files, { id: 'where it was' });
    expect(adapter.id).toBe('where it was');
    expect(await contents(adapter)).toEqual({ path: 'adapter_model.safetensors', ...expected });
  });

  it('is not there', async () => {
    await space.put('lora/README.md', 'nothing');
    const missing = await errorOf(open(`${space.url}lora`));
    expect(missing).toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/no LoRA adapter in .*lora: neither adapter_model/),
    });
    expect(await errorOf(open(`${space.url}lora/my.safetensors`))).toMatchObject({ code: 'not-found' });
    for (const name of ['%ff.safetensors', 'http:x.safetensors']) {
      expect(await errorOf(open(`${space.url}lora/${name}`))).toMatchObject({ code: 'not-found' });
    }
    expect(await errorOf(open(`${space.url}lora/none.safetensors`))).toMatchObject({ code: 'not-found' });
    expect(await errorOf(open('ftp://models.example/lora'))).toMatchObject({ code: 'invalid-argument' });
    expect(await errorOf(fetchAdapter(`${space.url}lora`, { pauses: [] }))).toMatchObject({ code: 'not-found' });
  });

  it('is cut off', async () => {
    await space.put('lora/adapter_model.safetensors', file.slice(0, -5));
    const adapter = await open(`${space.url}lora`);
    expect(await errorOf(adapter.table())).toMatchObject({ code: 'truncated' });
  });
});

describe('on disk', () => {
  const picked = (...files: [string, BlobPart][]) =>
    files.map(([path, bytes]) => ({ path, file: new File([bytes], path, { lastModified: 5 }) }));

  it('a folder', async () => {
    const adapter = await openAdapter(
      picked(
        ['lora/adapter_config.json', config],
        ['lora/adapter_model.safetensors', file],
        ['lora/optimizer.bin', 'x'],
      ),
    );
    expect(adapter.id).toBe(`folder:lora/adapter_model.safetensors/${file.length.toString(36)}-5`);
    expect(await contents(adapter)).toEqual({ path: 'adapter_model.safetensors', ...expected });
  });

  it('a file of any name', async () => {
    const adapter = await openAdapter(picked(['downloads/my lora.safetensors', file]));
    expect(await contents(adapter)).toMatchObject({ path: 'my lora.safetensors', config: undefined });
  });

  it('is not there', async () => {
    const error = await errorOf(openAdapter(picked(['lora/a.safetensors', file], ['lora/b.safetensors', file])));
    expect(error).toMatchObject({ code: 'local-file', message: expect.stringContaining('lora') });
  });
});

it('its metadata is text', async () => {
  const header = (metadata: unknown) => {
    const json = JSON.stringify({ __metadata__: metadata, a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } });
    const bytes = withHeader(json, new Uint8Array(1));
    return openAdapter([{ path: 'x/a.safetensors', file: new File([bytes], 'a.safetensors') }]);
  };
  expect((await (await header({ format: 'pt' })).table()).metadata.get('format')).toBe('pt');
  for (const metadata of [{ format: 1 }, 'pt', [{}]]) {
    expect(await errorOf((await header(metadata)).table())).toMatchObject({ code: 'invalid-checkpoint' });
  }
});
