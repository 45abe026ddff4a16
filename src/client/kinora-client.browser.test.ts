import { afterEach, describe, expect, inject, test } from 'vitest';
import { Space } from '../../tests/server/space';
import { errorCodes, KinoraError } from '../errors';
import type { LoadRequest } from '../protocol';
import { KinoraClient } from './kinora-client';

const configPaths = ['text_encoder', 'unet', 'vae'].map((component) => `${component}/config.json`);
const clients: KinoraClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

/** A client of the test worker, and how many workers it has started. */
function testClient(cancelTimeout?: number) {
  const started: Worker[] = [];
  const startWorker = () => {
    const worker = new Worker(new URL('./kinora-client.test-worker.ts', import.meta.url), { type: 'module' });
    started.push(worker);
    return worker;
  };
  const client = new KinoraClient({ cancelTimeout, startWorker });
  clients.push(client);
  return { client, started };
}

const request = (behaviour: string): LoadRequest => ({ source: behaviour, device: 'auto', dtype: 'auto' });

async function errorOf(promise: Promise<unknown>): Promise<KinoraError> {
  const outcome = await promise.then(
    () => 'It did not reject.',
    (error: unknown) => error,
  );
  if (!(outcome instanceof KinoraError)) throw new Error(`No KinoraError: ${String(outcome)}`);
  return outcome;
}

describe('errors cross with their code', () => {
  test('every code', async () => {
    const { client } = testClient();
    for (const code of errorCodes) {
      const error = await errorOf(client.load(request(code)));
      expect(error.code).toBe(code);
      expect(error.message).toBe(`As ${code}.`);
      // of the place where it was thrown
      expect(error.stack).toContain('kinora-client.test-worker');
    }
  });

  test('the message of the cause', async () => {
    const error = await errorOf(testClient().client.load(request('with-cause')));
    expect(error.cause).toBe('Inner.');
  });

  test.each([
    ['type-error', 'internal', 'TypeError: undefined is not a function'],
    ['array-too-long', 'out-of-memory', 'RangeError: Array buffer allocation failed'],
    ['a-string', 'internal', 'no error at all'],
  ])('%s becomes %s', async (behaviour, code, message) => {
    const error = await errorOf(testClient().client.load(request(behaviour)));
    expect([error.code, error.message]).toEqual([code, message]);
  });
});

describe('the worker', () => {
  test('starts with the first call, and serves the next ones', async () => {
    const { client, started } = testClient();
    expect(await client.countTokens('three')).toBeUndefined();
    expect(started).toHaveLength(0);
    await client.load(request('ready'));
    await client.load(request('ready'));
    expect(await client.countTokens('three')).toBe(5);
    expect(started).toHaveLength(1);
  });

  test('is replaced when it dies', async () => {
    const { client, started } = testClient();
    const error = await errorOf(client.load(request('die')));
    expect(error.code).toBe('worker-died');
    expect(error.message).toContain('out of luck');
    expect(await client.load(request('ready'))).toMatchObject({ info: { id: 'ready' } });
    expect(started).toHaveLength(2);
  });

  test('is replaced when its memory or device is not to be trusted any more, else kept', async () => {
    const { client, started } = testClient();
    await errorOf(client.load(request('not-found')));
    await client.load(request('ready'));
    expect(started).toHaveLength(1);
    await errorOf(client.load(request('device-lost')));
    await client.load(request('ready'));
    expect(started).toHaveLength(2);
  });

  test('does one job at a time', async () => {
    const { client } = testClient();
    const controller = new AbortController();
    const first = errorOf(client.load(request('until-cancelled'), { signal: controller.signal }));
    expect((await errorOf(client.load(request('ready')))).code).toBe('busy');
    controller.abort();
    expect((await first).code).toBe('cancelled');
  });
});

describe('cancel', () => {
  /** Cancels as soon as the worker is at work. */
  function cancelOnProgress(client: KinoraClient, behaviour: string): Promise<KinoraError> {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    return errorOf(client.load(request(behaviour), { onProgress, signal: controller.signal }));
  }

  test('is up to the worker, where it answers', async () => {
    const { client, started } = testClient();
    const error = await cancelOnProgress(client, 'until-cancelled');
    expect([error.code, error.message]).toEqual(['cancelled', 'As asked.']);
    await client.load(request('ready'));
    expect(started).toHaveLength(1);
  });

  test('ends a worker that does not answer', async () => {
    const { client, started } = testClient(50);
    expect((await cancelOnProgress(client, 'never-answer')).code).toBe('cancelled');
    await client.load(request('ready'));
    expect(started).toHaveLength(2);
  });

  test('starts nothing where it came first', async () => {
    const { client, started } = testClient();
    expect((await errorOf(client.load(request('ready'), { signal: AbortSignal.abort() }))).code).toBe('cancelled');
    expect(started).toHaveLength(0);
  });
});

test('the real worker: what the checkpoint throws arrives', async () => {
  const client = new KinoraClient();
  clients.push(client);
  const url = `${inject('fileServer')}/no-such-model`;
  const error = await errorOf(client.load({ source: url, device: 'wasm', dtype: 'auto' }));
  expect(error.code).toBe('not-found');
  expect(error.message).toContain(`${url}/model_index.json`);
  // and it goes on serving
  expect((await errorOf(client.load({ source: 'ftp://x', device: 'wasm', dtype: 'auto' }))).code).toBe(
    'invalid-argument',
  );
});

test('the real worker: what the device lacks is known without any weight', async () => {
  const client = new KinoraClient();
  clients.push(client);
  const space = new Space();
  for (const path of ['model_index.json', 'scheduler/scheduler_config.json', ...configPaths]) {
    await space.put(path, await (await fetch(`/models/moving-shapes/${path}`)).text());
  }
  const request = { source: space.url, device: 'auto', dtype: 'auto', numFrames: 8, width: 128, height: 128 } as const;
  expect(client.started).toBe(false);
  const { target, needs, shortfalls, alternatives } = await client.assess(request);
  expect(client.started).toBe(true);
  // the browser of the tests has WebGPU in software only
  if (shortfalls.some(({ lack }) => lack === 'hardware')) expect(target.device).toBe('wasm');
  expect(shortfalls.filter(({ stops }) => stops)).toEqual([]);
  expect(alternatives).toEqual([]);
  expect(needs.bytes['keep-ready']).toBeGreaterThan(needs.bytes['low-memory']);
  const onGpu = await client.assess({ ...request, device: 'webgpu', dtype: 'float32' });
  expect(onGpu.target).toEqual({ device: 'webgpu', dtype: 'float32' });
});
