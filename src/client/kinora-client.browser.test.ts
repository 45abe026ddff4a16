import { afterEach, expect, test } from 'vitest';
import { Space } from '../../tests/server/space';
import type { KinoraError } from '../errors';
import type { GenerateRequest, LoadRequest } from '../protocol';
import { KinoraClient, type KinoraClientOptions } from './kinora-client';

let client: KinoraClient;
afterEach(() => client.dispose());

/** With a real worker of which the prompt says what it does wrong. */
function misbehaving(options: KinoraClientOptions = {}): KinoraClient {
  client = new KinoraClient({
    startWorker: () => new Worker(new URL('./misbehaving-worker.ts', import.meta.url), { type: 'module' }),
    ...options,
  });
  return client;
}

function request(prompt: string): LoadRequest & GenerateRequest {
  return {
    ...{ url: 'http://host/model', device: 'wasm', dtype: 'auto', prompt, negativePrompt: '', seed: 0, fps: 8 },
    ...{ numInferenceSteps: 1, guidanceScale: 1, numFrames: 1, height: 8, width: 8, scheduler: 'DDIMScheduler' },
  };
}

const load = { url: 'http://host/model', device: 'wasm', dtype: 'auto' } as const;
const failure = (job: Promise<unknown>): Promise<KinoraError> =>
  job.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error) => error,
  );

test('errors keep code, message, cause and stack', async () => {
  const error = await failure(misbehaving().generate(request('kinora no room')));
  expect(error).toMatchObject({ name: 'KinoraError', code: 'quota', message: 'no room', cause: 'the disk is full' });
  expect(error.stack).toContain('misbehaving-worker');
});

test('other errors get a code', async () => {
  const client = misbehaving();
  const foreign = await failure(client.generate(request('foreign x is not a function')));
  expect(foreign).toMatchObject({ code: 'internal', message: 'TypeError: x is not a function' });
  expect(await failure(client.generate(request('memory')))).toMatchObject({ code: 'out-of-memory' });
  expect(await failure(client.generate(request('nothing')))).toMatchObject({ code: 'internal', message: 'undefined' });
});

test('a worker is kept after a refusal, and replaced after a failure', async () => {
  const client = misbehaving();
  const life = async () => (await client.load(load)).info.id;
  const first = await life();
  await failure(client.generate(request('kinora no room')));
  expect(await life()).toBe(first);
  await failure(client.generate(request('memory')));
  expect(await life()).not.toBe(first);
});

test('a worker that dies rejects the running call, and the next call gets another', async () => {
  const client = misbehaving();
  const first = (await client.load(load)).info.id;
  const error = await failure(client.generate(request('die')));
  expect(error.code).toBe('worker-died');
  expect(error.message).toContain('the last words');
  expect((await client.load(load)).info.id).not.toBe(first);
});

test('a worker that cannot start is reported', async () => {
  const client = misbehaving({ startWorker: () => new Worker('/no-such-worker.js', { type: 'module' }) });
  expect(await failure(client.load(load))).toMatchObject({ code: 'worker-died' });
});

test('cancel: the worker that answers stays', async () => {
  const client = misbehaving();
  const first = (await client.load(load)).info.id;
  const controller = new AbortController();
  const job = failure(client.generate(request('wait'), { signal: controller.signal }));
  setTimeout(() => controller.abort(), 100);
  expect(await job).toMatchObject({ code: 'cancelled', message: 'as asked' });
  expect((await client.load(load)).info.id).toBe(first);
});

test('cancel: the worker that does not answer is ended', async () => {
  const client = misbehaving({ cancelTimeout: 200 });
  const first = (await client.load(load)).info.id;
  const controller = new AbortController();
  const job = failure(client.generate(request('block'), { signal: controller.signal }));
  setTimeout(() => controller.abort(), 100);
  expect(await job).toMatchObject({ code: 'cancelled' });
  expect((await client.load(load)).info.id).not.toBe(first);
});

test('a signal that is aborted already starts nothing', async () => {
  const client = misbehaving({ startWorker: () => expect.fail('A worker was started.') });
  const job = client.generate(request('wait'), { signal: AbortSignal.abort() });
  expect(await failure(job)).toMatchObject({ code: 'cancelled' });
});

test('one job at a time', async () => {
  const client = misbehaving();
  const controller = new AbortController();
  const job = failure(client.generate(request('wait'), { signal: controller.signal }));
  expect(await failure(client.load(load))).toMatchObject({ code: 'busy' });
  setTimeout(() => controller.abort(), 100);
  expect(await job).toMatchObject({ code: 'cancelled' });
});

test('the generation worker starts, and says what is wrong with an address', async () => {
  client = new KinoraClient();
  const { url } = new Space();
  const error = await failure(client.load({ url, device: 'wasm', dtype: 'auto' }));
  expect(error).toMatchObject({ name: 'KinoraError', code: 'not-found' });
  expect(error.message).toContain('model_index.json');
});
