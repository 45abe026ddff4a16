/** What a server can do wrong, one row each: either a clear error follows soon, or everything works. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { failure } from '../../tests/errors';
import { store } from '../../tests/fresh-store';
import { freshCheckpointForEachTest, open, space } from '../../tests/server/fresh-checkpoint';
import { folder } from '../../tests/server/hub-folder';
import type { Fault } from '../../tests/server/space';
import { safetensors, tensors, weightFiles } from '../../tests/server/synthetic';
import { type OpenOptions, openCheckpoint } from './open-checkpoint';
import type { DownloadState } from './remote-origin';

const weights = safetensors(tensors.unet);
const blanks = ' '.repeat(100);
const hubAnswer = `{"siblings": []${blanks}}`;
const lastByte = weights.length - 1;

/**
 * Every kind of request of a download, in order: where, what, and, for a part of a file, a byte that it must contain.
 */
const requests: Record<string, { path: string; body: string | Uint8Array<ArrayBuffer>; at?: number }> = {
  'model_index.json': { path: 'model_index.json', body: '' },
  'a config': { path: 'unet/config.json', body: `{${blanks}}` },
  'a small file': { path: 'tokenizer/merges.txt', body: `#version: 0.2\ni n\n${blanks}` },
  'a small file that may be missing': { path: 'tokenizer/special_tokens_map.json', body: `{${blanks}}` },
  "the hub's answer": { path: '../../../../api/models/owner/name/revision/main', body: hubAnswer },
  'the length of a header': { path: weightFiles.unet, body: weights, at: 0 },
  'a header': { path: weightFiles.unet, body: weights, at: 8 },
  weights: { path: weightFiles.unet, body: weights, at: lastByte },
};
const everyRequest = Object.keys(requests);
const texts = everyRequest.slice(0, 4);
const parts = everyRequest.slice(-3);

freshCheckpointForEachTest(folder);

beforeEach(async () => {
  await put("the hub's answer");
  const index = await fetch(`${space.url}${folder}model_index.json`);
  requests['model_index.json'] = { path: 'model_index.json', body: `${await index.text()}${blanks}` };
});

async function put(request: string, fault: Fault = {}, body?: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const known = requests[request];
  if (!known) throw new Error(`There is no request ${request}.`);
  const { pathname } = new URL(known.path, `http://server/${folder}`);
  const { at } = known;
  await space.put(pathname.slice(1), body ?? known.body, at === undefined ? fault : { at, ...fault });
}

/** All requests that storing a model takes. */
async function bringIn(options: Partial<OpenOptions> = {}): Promise<void> {
  const checkpoint = await open(options);
  await Promise.all([checkpoint.text('unet/config.json'), checkpoint.text('tokenizer/merges.txt')]);
  await checkpoint.optionalText('tokenizer/special_tokens_map.json');
  await checkpoint.weightFiles();
  for (const component of ['text_encoder', 'unet', 'vae']) await checkpoint.weights(component);
}

it('a server that does as it should', async () => {
  await bringIn();
  expect((await store.list())[0]?.components).toEqual(['text_encoder', 'unet', 'vae']);
});

describe.each(everyRequest)('%s', (request) => {
  it.each<[string, Fault, string, string]>([
    ['silence', { silent: true }, 'network', 'stalled'],
    ['a drip', { drip: 1 }, 'network', 'stalled'],
    ['a body that stops', { hangAfter: 1 }, 'network', 'stalled'],
    ['a body that breaks off', { cutAfter: 1 }, 'truncated', 'was cut'],
    ['a lost connection', { dropConnection: true }, 'network', 'CORS'],
    ['no leave to read it', { noCors: true }, 'network', 'CORS'],
    ['redirects in a circle', { redirectLoop: true }, 'network', 'could be read'],
    ['401', { status: 401 }, 'access-denied', 'token'],
    ['403', { status: 403 }, 'access-denied', 'token'],
    ['204', { status: 204 }, 'http', '204'],
    ['304', { status: 304 }, 'http', '304'],
    ['429', { status: 429 }, 'http', '429'],
    ['451', { status: 451 }, 'http', '451'],
    ['503', { status: 503 }, 'http', '503'],
    ['a wait of a year', { status: 503, retryAfter: 31_536_000 }, 'http', '503'],
  ])('%s ends it', async (what, fault, code, message) => {
    await put(request, fault);
    const patience = message === 'stalled' ? 0.6 : undefined;
    const pauses = what === 'a wait of a year' ? [0, 0] : [];
    await expect(bringIn({ pauses, patience })).rejects.toThrow(failure(code, message));
  });

  it.each<[string, Fault]>([
    ['503', { status: 503, retryAfter: 0 }],
    ['429', { status: 429, retryAfter: 1 }],
    ['silence', { silent: true }],
    ['a body that stops', { hangAfter: 1 }],
    ['a body that breaks off', { cutAfter: 1 }],
  ])('is asked for again after %s', async (_, fault) => {
    await put(request, { ...fault, times: 1 });
    const states: DownloadState[] = [];
    const patience = fault.silent || fault.hangAfter ? 1 : undefined;
    await bringIn({ pauses: [0.01], patience, onState: (state) => states.push(state) });
    expect(states.map(({ state }) => state)).toEqual(['waiting', 'fetching']);
    expect((await store.list())[0]?.components).toEqual(['text_encoder', 'unet', 'vae']);
  });

  it.each<[string, Fault]>([
    ['in silence', { silent: true }],
    ['in a body', { hangAfter: 1 }],
    ['in a pause', { status: 503 }],
  ])('is cancelled %s', async (_, fault) => {
    await put(request, fault);
    const abort = new AbortController();
    const states: DownloadState[] = [];
    const options = { pauses: [1000], patience: 1000, onState: (state: DownloadState) => states.push(state) };
    const cancelled = expect(bringIn({ ...options, signal: abort.signal })).rejects.toThrow(failure('cancelled'));
    const { path, at } = requests[request] ?? { path: '' };
    await vi.waitFor(async () => {
      const asked = (await space.requests()).filter((line) => line.includes(path.replace(/^[./]*/, '')));
      expect(asked.length).toBeGreaterThan(at === undefined || at === 0 ? 0 : at === lastByte ? 2 : 1);
      expect(states.length).toBe(fault.status ? 1 : 0);
    });
    abort.abort();
    await cancelled;
  });
});

it('whoever calls may cancel too', async () => {
  for (const request of everyRequest) await put(request, request === 'model_index.json' ? {} : { silent: true });
  const checkpoint = await openCheckpoint(space.url + folder, { store, patience: 1000 });
  const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => checkpoint.text('unet/config.json', signal),
    (signal) => checkpoint.optionalText('tokenizer/special_tokens_map.json', signal),
    (signal) => checkpoint.tensors('unet', signal),
    (signal) => checkpoint.weightFiles(signal),
    (signal) => checkpoint.weights('unet', { signal }),
  ];
  for (const call of calls) {
    const before = (await space.requests()).length;
    const abort = new AbortController();
    const cancelled = expect(call(abort.signal)).rejects.toThrow(failure('cancelled'));
    await vi.waitFor(async () => expect((await space.requests()).length).toBeGreaterThan(before));
    abort.abort();
    await cancelled;
  }
  // and it is fully repaired
  for (const request of everyRequest) await put(request);
  await checkpoint.weights('unet');
});

it('who does not answer at all is not asked as long as who answered before', async () => {
  await put('model_index.json', { dropConnection: true });
  const states: DownloadState[] = [];
  const options: Partial<OpenOptions> = { pauses: Array(7).fill(0), onState: (state) => states.push(state) };
  await expect(bringIn(options)).rejects.toThrow(failure('network', 'No answer'));
  expect(states.length).toBe(2);
  await put('model_index.json');
  await put('a config', { status: 503 });
  await expect(bringIn(options)).rejects.toThrow(failure('http', '503'));
  expect(states.length).toBe(2 + 7);
});

describe.each(texts)('%s', (request) => {
  it.each<[string, Fault, string | Uint8Array<ArrayBuffer> | undefined, string, string]>([
    ['without an end', { endless: true }, undefined, 'invalid-checkpoint', 'more than 16777216 bytes'],
    ['that unpacks to 64 MiB', { bomb: 64 }, undefined, 'invalid-checkpoint', 'more than 16777216 bytes'],
    ['in UTF-16', {}, new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), 'invalid-checkpoint', 'UTF-8'],
  ])('%s', async (_, fault, body, code, message) => {
    await put(request, fault, body);
    await expect(bringIn()).rejects.toThrow(failure(code, message));
  });

  it('compressed, or with a byte order mark, is as good', async () => {
    await put(request, { gzip: true });
    await bringIn();
    await store.delete(space.url + folder);
    const { body } = requests[request] ?? { body: '' };
    await put(request, {}, `\ufeff${body}`);
    await bringIn();
  });
});

describe.each([...texts, "the hub's answer"].filter((request) => request !== 'a small file'))('%s', (request) => {
  it.each<[string, string]>([
    ['is something else', 'Hello'],
    ['is not whole', '{"a": '],
    ['is a million brackets', '['.repeat(1e6)],
    ['is deep, and whole', '['.repeat(1e6) + ']'.repeat(1e6)],
    ['is empty', ''],
  ])('%s', async (_, body) => {
    await put(request, {}, body);
    await expect(bringIn()).rejects.toThrow(failure('invalid-checkpoint', 'not valid JSON'));
  });
});

describe.each(['model_index.json', 'a config', 'a small file', 'weights'])('%s', (request) => {
  it.each<Fault>([{ contentType: 'text/html' }, { contentType: 'text/plain' }])('is a page (%j)', async (fault) => {
    await put(request, { ...fault, at: undefined }, `<!doctype html><title>Sign in</title>${blanks}`);
    await expect(bringIn()).rejects.toThrow(failure('html-answer'));
  });
});

const otherTotals: [string, Fault][] = [
  ['with a garbled Content-Range', { contentRange: 'octets 0 to 7' }],
  ['of a file of 10^23 bytes', { contentRange: `bytes 0-7/1${'0'.repeat(23)}` }],
  ['of a file of 4 bytes', { contentRange: 'bytes 0-7/4' }],
  ['of a file of some length', { contentRange: 'bytes 0-7/*' }],
  ['without Content-Range', { contentRange: null }],
];

describe.each(parts)('%s', (request) => {
  it.each<[string, Fault, string, string]>([
    ['without an end', { endless: true }, 'range-unsupported', 'sent more bytes where'],
    ['too short', { cutAfter: 1, chunked: true }, 'truncated', 'sent 1 bytes where'],
    ['that is the whole file, as it says', { wholeRange: true }, 'range-unsupported', 'were asked for'],
    ['that lies elsewhere', { shiftRange: 1 }, 'range-unsupported', 'were asked for'],
    ['that is compressed', { gzip: true }, 'network', 'could be read'],
    ['behind the end', { status: 416 }, 'truncated', '416'],
  ])('%s', async (_, fault, code, message) => {
    await put(request, fault);
    await expect(bringIn()).rejects.toThrow(failure(code, message));
  });

  it.each(request === 'the length of a header' ? [] : otherTotals)('%s, where it was said before', async (_, fault) => {
    await put(request, fault);
    await expect(bringIn()).rejects.toThrow(failure('changed'));
  });
});

describe('a file whose length is', () => {
  it.each<[string, Fault, string]>([
    ['garbled', { contentRange: 'octets 0 to 7' }, 'range-unsupported'],
    ['10^23', { contentRange: `bytes 0-7/1${'0'.repeat(23)}` }, 'changed'],
    ['4', { contentRange: 'bytes 0-7/4' }, 'truncated'],
    ['4, which it is', { contentRange: 'bytes 0-3/4', cutAfter: 4, chunked: true }, 'truncated'],
    ['not said, while all of it is sent', { contentRange: null, wholeRange: true }, 'range-unsupported'],
  ])('%s', async (_, fault, code) => {
    await put('the length of a header', fault);
    await expect(bringIn()).rejects.toThrow(failure(code));
  });

  it.each<[string, Fault]>([
    ['not said', { contentRange: null }],
    ['said by sending all of it', { ignoreRange: true }],
  ])('%s', async (_, fault) => {
    await put('weights', { ...fault, at: undefined });
    await bringIn();
  });
});

it('a file that is replaced between two looks at its header is looked at again', async () => {
  await put('the length of a header', { etag: '"0"', times: 1 });
  const states: DownloadState[] = [];
  const checkpoint = await openCheckpoint(space.url + folder, { store, onState: (state) => states.push(state) });
  expect((await checkpoint.weightFiles())[1]).toMatchObject({ component: 'unet', bytes: weights.length });
  expect(states).toEqual([{ state: 'restarted' }]);
});

it('a file that is another one at each answer is given up', async () => {
  await put('weights', { newEtag: true, at: undefined });
  await expect(bringIn()).rejects.toThrow(failure('changed'));
});

it('a Content-Length of 64 MiB and more is not waited for', async () => {
  await put('weights', { ignoreRange: true, fill: 64 * 2 ** 20, hangAfter: 1, at: undefined });
  await expect(bringIn({ patience: 1000 })).rejects.toThrow(failure('range-unsupported', 'larger than'));
});
