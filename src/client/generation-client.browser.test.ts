import { afterEach, describe, expect, inject, test } from 'vitest';
import { errorOf } from '../../tests/errors';
import type { LoadRequest } from '../protocol';
import { errorCodes, type KinoraError } from '../shared/errors';
import { GenerationClient } from './generation-client';
import { type DownloadCallbacks, ModelsClient } from './models-client';

const clients: { dispose(): void }[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

const testWorker = new URL('./generation-client.test-worker.ts', import.meta.url);

/** A client of the test worker, the number of workers it has started, and the models it has had stored. */
function testClient({
  file = testWorker,
  ...options
}: {
  file?: URL;
  cancelTimeout?: number;
  idleTimeout?: number;
} = {}) {
  const started: Worker[] = [];
  const downloaded: string[] = [];
  const start = () => {
    const worker = new Worker(file, { type: 'module' });
    started.push(worker);
    return worker;
  };
  const models = {
    download: async (url: string, { onProgress }: DownloadCallbacks) => {
      const network = { component: 'unet', label: 'denoiser', index: 1, count: 3 };
      onProgress?.({ network, bytes: 1, totalBytes: 2, state: 'fetching' });
      downloaded.push(url);
      return url;
    },
    fetchAdapter: async (url: string) => {
      downloaded.push(url);
      return [{ path: 'adapter/weights.safetensors', file: new File(['bytes'], 'weights.safetensors') }];
    },
  };
  const client = new GenerationClient({ models, start, ...options });
  clients.push(client);
  return { client, started, downloaded };
}

const request = (behaviour: string): LoadRequest => ({
  source: /^https?:/.test(behaviour) ? { kind: 'remote', url: behaviour } : { kind: 'stored', id: behaviour },
  device: 'auto',
  dtype: 'auto',
});

test('an adapter at another origin is fetched once, and its files are handed over', async () => {
  const { client, downloaded } = testClient();
  const elsewhere = { source: { kind: 'remote', url: 'https://models.example/lora/' }, scale: 0.5 } as const;
  const picked = { source: { kind: 'picked', folder: [] }, scale: 1 } as const;
  const load = { ...request('adapters'), adapters: [elsewhere, picked] };
  for (let i = 0; i < 2; i++) {
    const { info } = await client.load(load);
    expect(JSON.parse(info.id)).toEqual([{ scale: 0.5, files: ['adapter/weights.safetensors'] }, { scale: 1 }]);
  }
  expect(downloaded).toEqual(['https://models.example/lora/']);
});

describe('errors cross with their code', () => {
  test('every code', async () => {
    const { client } = testClient();
    for (const code of errorCodes) {
      const error = await errorOf(client.load(request(code)));
      expect(error.code).toBe(code);
      expect(error.message).toBe(`As ${code}.`);
      // the stack of the place where it was thrown
      expect(error.stack).toContain('generation-client.test-worker');
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

  test('that closes itself without a word is missed, and replaced', async () => {
    const { client, started } = testClient();
    const error = await errorOf(client.load(request('close')));
    expect([error.code, error.message]).toEqual(['worker-died', 'A worker of the page has stopped. It is gone.']);
    await client.load(request('ready'));
    expect(started).toHaveLength(2);
  });

  test('whose file does not arrive is told from one that died', async () => {
    const { client, started } = testClient({ file: new URL('/no-such-worker.js', location.href) });
    expect((await errorOf(client.load(request('ready')))).code).toBe('part-not-loaded');
    expect((await errorOf(client.load(request('ready')))).code).toBe('part-not-loaded');
    expect(started).toHaveLength(2);
  });

  test('is replaced when its memory is not to be trusted any more, else kept', async () => {
    const { client, started } = testClient();
    for (const code of ['not-found', 'device-lost', 'device-limits', 'numerics', 'storage']) {
      await errorOf(client.load(request(code)));
      await client.load(request('ready'));
      expect(started, code).toHaveLength(1);
    }
    for (const [index, code] of ['out-of-memory', 'internal', 'worker-died'].entries()) {
      await errorOf(client.load(request(code)));
      await client.load(request('ready'));
      expect(started, code).toHaveLength(index + 2);
    }
  });

  test('is let go after a while without work', async () => {
    const { client, started } = testClient({ idleTimeout: 50 });
    await client.load(request('ready'));
    expect(client.started).toBe(true);
    await expect.poll(() => client.started).toBe(false);
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
  /** Cancels as soon as the worker is working. */
  function cancelOnProgress(client: GenerationClient, behaviour: string): Promise<KinoraError> {
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
    const { client, started } = testClient({ cancelTimeout: 50 });
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

test('what is not at hand is brought in first, and reported as the job’s own download', async () => {
  const { client, downloaded } = testClient();
  const stages: string[] = [];
  await client.load(request('http://elsewhere/ready'), {
    onProgress: ({ stage, done }) => stages.push(`${stage} ${done}`),
  });
  expect(downloaded).toEqual(['http://elsewhere/ready']);
  expect(stages).toEqual(['fetch 1', 'open 0']);
  await client.load(request('ready'));
  expect(downloaded).toHaveLength(1);
});

test('the real workers: what the checkpoint throws arrives', async () => {
  const models = new ModelsClient();
  const client = new GenerationClient({ models });
  clients.push(client, models);
  const url = `${inject('fileServer')}/no-such-model`;
  const error = await errorOf(client.load({ source: { kind: 'remote', url }, device: 'wasm', dtype: 'auto' }));
  expect(error.code).toBe('not-found');
  expect(error.message).toContain(`${url}/model_index.json`);
  // and they go on serving
  expect(
    (await errorOf(client.load({ source: { kind: 'remote', url: 'ftp://x' }, device: 'wasm', dtype: 'auto' }))).code,
  ).toBe('invalid-argument');
});
