import { beforeEach, describe, expect, it, vi } from 'vitest';
import { failure } from '../../tests/errors';
import { type Fault, Space } from '../../tests/server/space';
import { pattern } from '../../tests/server/synthetic';
import { fetchText } from './http';
import { RemoteFile } from './remote-file';
import type { RetryOptions } from './retry';

const { fetch } = globalThis;
const MiB = 1024 * 1024;
const body = pattern(100_000, 7);
let space: Space;

beforeEach(() => {
  space = new Space();
});

async function open(fault: Fault = {}, content = body, options: RetryOptions = {}): Promise<RemoteFile> {
  await space.put('file', content, fault);
  return RemoteFile.open(`${space.url}file`, 8, { fetch, ...options });
}

async function bytes(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

describe('a server with Range', () => {
  it('is asked for what is needed only', async () => {
    const file = await open();
    expect(file.size).toBe(body.length);
    expect(await bytes(await file.read(0, 8))).toEqual(body.subarray(0, 8));
    expect(await bytes(await file.read(100, 90_000))).toEqual(body.subarray(100, 90_000));
    expect(await space.requests()).toEqual(['file bytes=0-7', 'file bytes=100-89999']);
  });

  it('gives what is long in pieces, and counts them', async () => {
    const file = await open({ fill: 20 * MiB, seed: 7 }, new Uint8Array());
    const counted: number[] = [];
    const read = await file.read(1, 20 * MiB, { onBytes: (more) => counted.push(more) });
    expect(indexedDB.cmp(await read.arrayBuffer(), pattern(20 * MiB, 7).slice(1))).toBe(0);
    expect(counted).toEqual([8 * MiB, 8 * MiB, 4 * MiB - 1]);
    expect(await space.requests()).toEqual([
      'file bytes=0-7',
      `file bytes=1-${8 * MiB}`,
      `file bytes=${8 * MiB + 1}-${16 * MiB}`,
      `file bytes=${16 * MiB + 1}-${20 * MiB - 1}`,
    ]);
  });

  it('does without Content-Range and ETag where they may not be read', async () => {
    await space.set({ hideHeaders: true });
    const file = await open();
    expect(file.size).toBeUndefined();
    expect(await bytes(await file.read(99_990, 100_000))).toEqual(body.subarray(99_990));
    await expect(file.read(99_990, 100_001)).rejects.toThrow(failure('truncated', 'sent 10 bytes where 11'));
  });

  it('gets no answer out of Chromium when it compresses what was to be sent as it is', async () => {
    await expect(open({ gzip: true })).rejects.toThrow(failure('network'));
  });

  it.each<[string, Fault, string]>([
    ['ends too early', { cutAfter: 3 }, 'was cut before all 8 bytes'],
    ['ends too early, with nobody having said how long it is', { cutAfter: 3, chunked: true }, 'sent 3 bytes where 8'],
  ])('reports a body that %s', async (_, fault, message) => {
    await expect(open(fault)).rejects.toThrow(failure('truncated', message));
  });

  it('reports a large body that ends too early', async () => {
    const file = await open({ cutAfter: 70_000, at: 10 });
    await expect(file.read(8, 90_000)).rejects.toThrow(failure('truncated', 'was cut before all'));
  });

  it('reports a file that is shorter than what is asked for', async () => {
    await expect(open({}, body.subarray(0, 5))).rejects.toThrow(failure('truncated', 'sent 5 bytes where 8'));
    await expect(open({}, body.subarray(0, 0))).rejects.toThrow(failure('truncated'));
    await expect((await open()).read(99_999, 100_001)).rejects.toThrow(failure('truncated', 'ends at byte 100000'));
  });

  it('reports another range than the one that was asked for', async () => {
    await expect(open({ shiftRange: 1 })).rejects.toThrow(failure('range-unsupported', 'bytes 1-8/100000'));
    const file = await open({ shiftRange: 4, at: 150 });
    await expect(file.read(100, 200)).rejects.toThrow(failure('range-unsupported', 'bytes 104-203/100000'));
  });

  it.each([
    ['another ETag', body, { etag: '"2"' }],
    ['another size', body.subarray(1), {}],
    ['a file that is much shorter', body.subarray(0, 15), {}],
  ])('notices %s', async (_, content, fault) => {
    const file = await open();
    await space.put('file', content, fault);
    await expect(file.read(8, 20)).rejects.toThrow(failure('changed', 'replaced by another version'));
  });

  it('reports Range that works no more', async () => {
    const file = await open({ ignoreRange: true, at: 10 });
    await expect(file.read(8, 20)).rejects.toThrow(failure('range-unsupported'));
  });

  it('is asked again when it stands still', async () => {
    const waits: string[] = [];
    const options = { patience: 0.5, pauses: [0], onWait: (_: number, { message }: Error) => waits.push(message) };
    const file = await open({ hangAfter: 50_000, at: 10, times: 1 }, body, options);
    expect(await bytes(await file.read(8, 90_000))).toEqual(body.subarray(8, 90_000));
    expect(waits).toEqual([expect.stringContaining('stalled')]);
    await space.put('file', body, { hangAfter: 50_000 });
    await expect(file.read(8, 90_000)).rejects.toThrow(failure('network', 'stalled'));
  });

  it('is waited for as long as something comes', async () => {
    const file = await open({ drip: 16 * 1024 }, body, { patience: 1 });
    const begin = Date.now();
    expect(await bytes(await file.read(8, 90_000))).toEqual(body.subarray(8, 90_000));
    expect(Date.now() - begin).toBeGreaterThan(1500);
  });

  it('stops when it is cancelled', async () => {
    const file = await open({ hangAfter: 50_000, at: 10 });
    const abort = new AbortController();
    const cancelled = expect(file.read(8, 90_000, { signal: abort.signal })).rejects.toThrow(failure('cancelled'));
    await vi.waitFor(async () => expect(await space.requests()).toHaveLength(2));
    abort.abort();
    await cancelled;
    await expect(file.read(8, 20, { signal: abort.signal })).rejects.toThrow(failure('cancelled'));
  });
});

describe('a server without Range', () => {
  it('is asked once for a small file', async () => {
    const file = await open({ ignoreRange: true });
    expect(file.size).toBe(body.length);
    expect(await bytes(await file.read(17, 99_999))).toEqual(body.subarray(17, 99_999));
    expect(await space.requests()).toHaveLength(1);
  });

  it('may keep the length to itself', async () => {
    const file = await open({ ignoreRange: true, chunked: true });
    expect(file.size).toBe(body.length);
    expect(await bytes(await file.read(17, 99_999))).toEqual(body.subarray(17, 99_999));
    expect(await space.requests()).toHaveLength(1);
  });

  it.each<[string, Fault]>([
    ['that is larger than 64 MiB', { fill: 64 * MiB + 1 }],
    ['that turns out to be larger', { fill: 64 * MiB + 1, chunked: true }],
  ])('is refused for a file %s', async (_, fault) => {
    await expect(open({ ignoreRange: true, ...fault })).rejects.toThrow(failure('range-unsupported'));
  });

  it('reports a body that ends too early', async () => {
    await expect(open({ ignoreRange: true, cutAfter: 1000 })).rejects.toThrow(failure('truncated'));
  });
});

describe.each(['a piece', 'a text'])('%s from a server that does not give it', (what) => {
  async function ask(url: string): Promise<unknown> {
    return what === 'a text' ? fetchText(url, { fetch }) : RemoteFile.open(url, 8, { fetch });
  }

  it('is not there', async () => {
    await expect(ask(`${space.url}absent`)).rejects.toThrow(failure('not-found', '/absent does not exist'));
  });

  it.each([401, 403])('answers %d', async (status) => {
    await space.put('file', 'text', { status });
    await expect(ask(`${space.url}file`)).rejects.toThrow(failure('access-denied', `${status}`));
  });

  it.each([400, 429, 500, 503])('answers %d', async (status) => {
    await space.put('file', 'text', { status });
    await expect(ask(`${space.url}file`)).rejects.toThrow(failure('http', `${status}`));
  });

  it('sends a page', async () => {
    await space.set({ singlePageApp: true });
    await expect(ask(`${space.url}absent`)).rejects.toThrow(failure('html-answer'));
  });

  it('is out of reach', async () => {
    await space.put('file', 'text', { dropConnection: true });
    await expect(ask(`${space.url}file`)).rejects.toThrow(failure('network'));
  });
});

describe('fetchText', () => {
  it('reads UTF-8', async () => {
    await space.put('text', 'Grüße, 世界 🎬');
    expect(await fetchText(`${space.url}text`, { fetch })).toBe('Grüße, 世界 🎬');
  });

  it('is not misled by the Content-Length of a compressed answer', async () => {
    const text = 'a '.repeat(100_000);
    await space.put('text', text, { gzip: true });
    expect(await fetchText(`${space.url}text`, { fetch })).toBe(text);
  });

  it("reads JSON with Python's numbers", async () => {
    const text = '{"lambda_min_clipped": -Infinity, "snr_gamma": NaN, "name": "-Infinity"}';
    await space.put('a.json', text);
    expect(await fetchText(`${space.url}a.json`, { fetch })).toBe(text);
  });

  it.each<[string, string, string | Uint8Array<ArrayBuffer>, Fault]>([
    ['invalid-checkpoint', 'a.json', '{"a": ', {}],
    ['invalid-checkpoint', 'a.json?v=2', '{"a": ', {}],
    ['invalid-checkpoint', 'a.txt', new Uint8Array([0x61, 0xff]), {}],
    ['invalid-checkpoint', 'a.txt', '', { fill: 16 * MiB + 1 }],
    ['invalid-checkpoint', 'a.json', '['.repeat(2e6), {}],
    ['html-answer', 'a.txt', '\n<!DOCTYPE html><title>App</title>', { contentType: 'text/plain' }],
    ['truncated', 'a.json', '{"a": 1}', { cutAfter: 3 }],
  ])('throws %s for %s', async (code, path, content, fault) => {
    await space.put(path.replace(/\?.*/, ''), content, fault);
    await expect(fetchText(space.url + path, { fetch })).rejects.toThrow(failure(code));
  });
});
