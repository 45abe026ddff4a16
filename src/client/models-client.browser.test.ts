import { afterEach, expect, inject, test } from 'vitest';
import { errorOf } from '../../tests/errors';
import { Space } from '../../tests/server/space';
import { ModelsClient } from './models-client';

const clients: ModelsClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

function modelsClient(options: ConstructorParameters<typeof ModelsClient>[0] = {}): ModelsClient {
  const client = new ModelsClient(options);
  clients.push(client);
  return client;
}

test('a look at a model whose server never answers can be cancelled at any time', async () => {
  const space = new Space();
  await space.put('model_index.json', '{}', { hangAfter: 0 });
  const client = modelsClient();
  const controller = new AbortController();
  const looking = errorOf(client.inspect(space.url, controller.signal));
  await expect.poll(() => space.requests(), { timeout: 10_000 }).toHaveLength(1);
  controller.abort();
  expect((await looking).code).toBe('cancelled');
  // the worker goes on serving
  expect(await client.list()).toEqual([]);
});

test('a worker that is caught in something is ended by a cancel, and replaced', async () => {
  const busy = new Blob(['for (;;);'], { type: 'text/javascript' });
  const url = URL.createObjectURL(busy);
  const started: Worker[] = [];
  const start = () => {
    const worker = new Worker(url, { type: 'module' });
    started.push(worker);
    return worker;
  };
  const client = modelsClient({ start, cancelTimeout: 50 });
  const controller = new AbortController();
  const first = errorOf(client.download('http://127.0.0.1:9/', { signal: controller.signal }));
  controller.abort();
  expect((await first).code).toBe('cancelled');
  client.list().catch(() => undefined);
  expect(started).toHaveLength(2);
});

test('one download at a time', async () => {
  const space = new Space();
  await space.put('model_index.json', '{}', { hangAfter: 0 });
  const client = modelsClient();
  const controller = new AbortController();
  const first = errorOf(client.download(space.url, { signal: controller.signal }));
  await expect.poll(() => space.requests(), { timeout: 10_000 }).toHaveLength(1);
  expect((await errorOf(client.download(space.url))).code).toBe('busy');
  controller.abort();
  expect((await first).code).toBe('cancelled');
  // and the next one is admitted
  expect((await errorOf(client.download(`${inject('fileServer')}/no-such-model`))).code).toBe('not-found');
});

test('what the device lacks is known without any weight', async () => {
  const client = modelsClient();
  const space = new Space();
  const configPaths = ['text_encoder', 'unet', 'vae'].map((component) => `${component}/config.json`);
  for (const path of ['model_index.json', 'scheduler/scheduler_config.json', ...configPaths]) {
    await space.put(path, await (await fetch(`/models/moving-shapes/${path}`)).text());
  }
  const source = { kind: 'remote', url: space.url } as const;
  const request = { source, device: 'auto', dtype: 'auto', numFrames: 8, width: 128, height: 128 } as const;
  const { target, needs, shortfalls, alternatives } = await client.assess(request);
  // the tests' browser has WebGPU only in software
  if (shortfalls.some(({ lack }) => lack === 'hardware')) expect(target.device).toBe('wasm');
  expect(shortfalls.filter(({ stops }) => stops)).toEqual([]);
  expect(alternatives).toEqual([]);
  expect(needs.bytes['keep-ready']).toBeGreaterThan(needs.bytes['low-memory']);
  const onGpu = await client.assess({ ...request, device: 'webgpu', dtype: 'float32' });
  expect(onGpu.target).toEqual({ device: 'webgpu', dtype: 'float32' });
});
