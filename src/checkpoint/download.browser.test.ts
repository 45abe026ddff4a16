/** Downloads from a hub: checked by their sha256, continued, tried again, and shared by tabs. */
import { describe, expect, it, vi } from 'vitest';
import { failure } from '../../tests/errors';
import { store } from '../../tests/fresh-store';
import { freshCheckpointForEachTest, open, space } from '../../tests/server/fresh-checkpoint';
import { folder, infoPath, publishUnet, putInfo, putLargeUnet, sha256, unet } from '../../tests/server/hub-folder';
import { type Fault, Space } from '../../tests/server/space';
import { weightFiles } from '../../tests/server/synthetic';
import { openCheckpoint } from './open-checkpoint';
import type { DownloadState } from './remote-origin';

const MiB = 1024 * 1024;
freshCheckpointForEachTest(folder);

async function unetRequests(): Promise<string[]> {
  return (await space.requests()).filter((request) => request.startsWith(unet));
}

describe('a file whose sha256 is known', () => {
  it('is hashed while it streams, and is whole in storage', async () => {
    const file = await putLargeUnet();
    await publishUnet(file);
    const checkpoint = await open();
    expect(await checkpoint.weightFiles()).toContainEqual({
      component: 'unet',
      path: weightFiles.unet,
      bytes: file.length,
      storedBytes: 0,
      sha256: await sha256(file),
    });
    expect(checkpoint.licence).toBe('cc-by-nc-4.0');
    const weights = await checkpoint.weights('unet');
    const parts = [...weights.files.values()];
    expect(parts.map(({ size }) => size / MiB)).toEqual([4, 64, 4]);
    const bytes = await new Blob(parts).arrayBuffer();
    expect(indexedDB.cmp(bytes, file.slice(-72 * MiB))).toBe(0);
  });

  it('is refused when one byte is another, and nothing of it stays', async () => {
    const file = await putLargeUnet({ flip: 50 * MiB });
    await publishUnet(file);
    await expect((await open()).weights('unet')).rejects.toThrow(failure('corrupt', await sha256(file)));
    expect(await store.manifests(space.url + folder)).toEqual([]);
    const [stored] = await store.list();
    expect(stored?.bytes ?? 0).toBeLessThan(1000);
    // and is accepted when it is correct
    await putLargeUnet();
    await (await open()).weights('unet');
  });

  it('is refused at once when it has another size', async () => {
    await putInfo({ [weightFiles.unet]: 'a'.repeat(64) }, { [weightFiles.unet]: 999 });
    await expect((await open()).tensors('unet')).rejects.toThrow(failure('corrupt', '999'));
  });

  it('is continued without reading anything twice', async () => {
    const file = await putLargeUnet({ at: 40 * MiB, hangAfter: 1000 });
    await publishUnet(file);
    const controller = new AbortController();
    const weights = (await open()).weights('unet', { signal: controller.signal });
    const cancelled = expect(weights).rejects.toThrow(failure('cancelled'));
    await vi.waitFor(async () => expect((await store.list())[0]?.bytes).toBeGreaterThan(4 * MiB), 60_000);
    controller.abort();
    await cancelled;

    await putLargeUnet();
    const before = (await unetRequests()).length;
    const checkpoint = await open();
    const facts = (await checkpoint.weightFiles()).find(({ component }) => component === 'unet');
    const headerBytes = file.length - 72 * MiB;
    expect(facts?.storedBytes).toBe(headerBytes + 4 * MiB);
    await checkpoint.weights('unet');
    const ranges = (await unetRequests()).slice(before).filter((request) => request.length > 0);
    const firstBytes = ranges.map((request) => Number(/bytes=(\d+)/.exec(request)?.[1]));
    // the header is read again, the first shard is not
    expect(firstBytes.filter((byte) => byte >= headerBytes && byte < headerBytes + 4 * MiB)).toEqual([]);
  });

  it.each(['half.bin', 'half.safetensors', 'state-dict.bin'])('may be of any format: %s', async (file) => {
    const response = await fetch(`/reference/checkpoint-files/${file}`);
    if (!response.ok) throw new Error(`There is no ${file}.`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const path = `vae/diffusion_pytorch_model${file.endsWith('.bin') ? '.bin' : '.safetensors'}`;
    const other = new Space();
    const at = other.url + folder;
    await other.put(`${folder}model_index.json`, await (await fetch(`${space.url}${folder}model_index.json`)).text());
    await other.put(folder + path, bytes);
    const lfs = { sha256: await sha256(bytes), size: bytes.length };
    await other.put(infoPath, JSON.stringify({ siblings: [{ rfilename: path, lfs }] }));
    await (await openCheckpoint(at, { store, pauses: [] })).weights('vae');
    expect((await store.manifests(at))[0]?.file).toEqual({ path, bytes: bytes.length, sha256: lfs.sha256 });

    bytes.set([(bytes.at(-30) ?? 0) ^ 1], bytes.length - 30);
    await store.delete(at);
    await other.put(folder + path, bytes);
    // a damaged directory of a .bin is noticed earlier
    await expect((await openCheckpoint(at, { store, pauses: [] })).weights('vae')).rejects.toThrow();
    expect(await store.manifests(at)).toEqual([]);
  });
});

describe('a connection that fails', () => {
  const pauses = [0.01, 0.02, 0.03];

  it.each<[string, Fault]>([
    ['is overloaded', { status: 503 }],
    ['asks to wait', { status: 429, retryAfter: 1 }],
    ['breaks off', { at: 2 * MiB, cutAfter: 1000 }],
    ['does not answer', { at: 2 * MiB, dropConnection: true }],
  ])('is tried again where the server %s', async (_, fault) => {
    const file = await putLargeUnet();
    await publishUnet(file);
    const states: DownloadState[] = [];
    const checkpoint = await open({ pauses, onState: (state) => states.push(state) });
    await checkpoint.tensors('unet');
    // three: on a reused connection, Chromium itself retries twice
    await putLargeUnet({ ...fault, times: pauses.length });
    const begin = Date.now();
    await checkpoint.weights('unet');
    expect(states.map(({ state }) => state).slice(0, 2)).toContain('waiting');
    expect(states.at(-1)).toEqual({ state: 'fetching' });
    if (fault.retryAfter !== undefined) expect(Date.now() - begin).toBeGreaterThan(1000);
  });

  it('is tried again where it fails before the first weight', async () => {
    await publishUnet(await putLargeUnet({ status: 503, times: 2 }));
    const states: DownloadState[] = [];
    const checkpoint = await open({ pauses, onState: (state) => states.push(state) });
    await checkpoint.weights('unet');
    expect(states.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'fetching']);
  });

  it('is given up after the last pause, and what is there stays', async () => {
    const file = await putLargeUnet();
    await publishUnet(file);
    const checkpoint = await open({ pauses });
    await checkpoint.tensors('unet');
    await putLargeUnet({ at: 60 * MiB, dropConnection: true });
    await expect(checkpoint.weights('unet')).rejects.toThrow(failure('network', 'No answer'));
    expect((await store.list())[0]?.bytes).toBeGreaterThanOrEqual(4 * MiB);
  });

  it.each([404, 403, 400])('is not tried again where the answer is %s', async (status) => {
    const checkpoint = await open({ pauses: [1000] });
    await checkpoint.tensors('unet');
    await space.put(unet, '', { status });
    await expect(checkpoint.weights('unet')).rejects.toThrow();
  });
});

it('two tabs: one downloads, the other watches, and both have it', async () => {
  const file = await putLargeUnet();
  await publishUnet(file);
  const before = (await unetRequests()).length;
  const states: DownloadState[] = [];
  const watched: number[] = [];
  const [first, second] = [await open(), await open({ onState: (state) => states.push(state) })];
  const [one, other] = await Promise.all([
    first.weights('unet'),
    second.weights('unet', { onProgress: (bytes) => watched.push(bytes) }),
  ]);
  expect(one.files.size).toBe(3);
  expect(other.files.size).toBe(3);
  expect(states).toEqual([{ state: 'watching' }, { state: 'fetching' }]);
  expect(watched.at(-1)).toBeGreaterThanOrEqual(72 * MiB);
  const pieces = (await unetRequests()).slice(before).map((request) => request.split(' ')[1]);
  expect(pieces.length).toBeGreaterThan(9);
  expect(new Set(pieces).size).toBe(pieces.length);
});
