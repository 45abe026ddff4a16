import { deleteDB, openDB } from 'idb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cdp } from 'vitest/browser';
import { failure } from '../../tests/errors';
import { pattern } from '../../tests/server/synthetic';
import { CheckpointStore } from './checkpoint-store';
import type { Manifest } from './manifest';
import { readBlob } from './read-blob';

const checkpoint = 'https://example.org/model/';
let name: string;
let store: CheckpointStore;

beforeEach(() => {
  name = `test-${crypto.randomUUID()}`;
  store = new CheckpointStore(name);
});

afterEach(async () => {
  await store.close();
  await deleteDB(name);
});

function manifestOf(component: string, version = '1', id = checkpoint): Manifest {
  return {
    checkpoint: id,
    component,
    file: { path: `${component}/file`, bytes: 350 },
    version,
    shards: [
      { begin: 100, end: 300 },
      { begin: 300, end: 350 },
    ],
    tensors: [{ name: 'a', dtype: 'F16', shape: [100], file: `${component}-0`, offset: 0, byteLength: 200 }],
  };
}

async function putShards(manifest: Manifest): Promise<void> {
  for (const shard of manifest.shards) {
    await store.putShard(manifest, shard, new Blob([pattern(shard.end - shard.begin, shard.begin)]));
  }
}

/** Uses the Chrome DevTools Protocol to do to storage what a visitor or a full disk would. */
function browserSession() {
  return cdp() as unknown as { send: (method: string, parameters: object) => Promise<unknown> };
}

it('gives back what was stored, also to the next visit', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await store.commit(manifest);
  await store.close();
  const next = new CheckpointStore(name);
  expect(await next.manifests(checkpoint)).toEqual([manifest]);
  const { blobs, lost } = await next.openShards(manifest);
  expect(lost).toEqual([]);
  expect(new Uint8Array((await blobs[1]?.arrayBuffer()) ?? [])).toEqual(pattern(50, 300));
  expect(blobs.map(({ size }) => size)).toEqual([200, 50]);
  await next.close();
});

it('does not take shards without a manifest for a component', async () => {
  await putShards(manifestOf('unet'));
  expect(await store.manifests(checkpoint)).toEqual([]);
});

it('refuses a manifest whose shards are not all there, or not of its version', async () => {
  const manifest = manifestOf('unet');
  const [first] = manifest.shards;
  if (first) await store.putShard(manifest, first, new Blob([pattern(200, 0)]));
  await expect(store.commit(manifest)).rejects.toThrow(failure('storage', 'disappeared'));
  await putShards(manifestOf('unet', '0'));
  await expect(store.commit(manifest)).rejects.toThrow(failure('storage', 'disappeared'));
  expect(await store.manifests(checkpoint)).toEqual([]);
});

it('knows which shards can be kept, and deletes the others', async () => {
  const manifest = manifestOf('unet');
  const [first, second] = manifest.shards;
  await putShards(manifest);
  expect(await store.storedShards(manifest)).toEqual([first, second]);
  if (second) await store.putShard(manifest, second, new Blob(['short']));
  await store.putShard(manifest, { begin: 350, end: 360 }, new Blob(['0123456789']));
  expect(await store.storedShards(manifest)).toEqual([first]);
  expect(await store.list()).toEqual([{ id: checkpoint, bytes: 200, components: [] }]);
  expect(await store.storedShards(manifestOf('unet', '2'))).toEqual([]);
  expect(await store.list()).toEqual([]);
});

it('does not open a component with a shard that is missing or of the wrong size', async () => {
  const manifest = manifestOf('unet');
  const [first, second] = manifest.shards;
  if (first) await store.putShard(manifest, first, new Blob([pattern(200, 0)]));
  expect((await store.openShards(manifest)).lost).toEqual([second]);
  if (second) await store.putShard(manifest, second, new Blob(['short']));
  expect((await store.openShards(manifest)).lost).toEqual([second]);
});

it('finds what has been damaged, deletes it, and keeps the rest', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await store.commit(manifest);
  const read: number[] = [];
  expect(await store.removeDamaged(manifest, { onBytes: (bytes) => read.push(bytes) })).toBe(0);
  expect(read).toEqual([200, 50]);
  expect(await store.manifests(checkpoint)).toEqual([manifest]);

  const connection = await openDB(name);
  const key = [checkpoint, 'unet', 300];
  const record = (await connection.get('shards', key)) as object;
  const bytes = pattern(50, 300);
  bytes[49] = (bytes[49] ?? 0) ^ 1;
  await connection.put('shards', { ...record, blob: new Blob([bytes]) }, key);
  connection.close();
  expect((await store.openShards(manifest)).blobs).toHaveLength(2);
  expect(await store.removeDamaged(manifest)).toBe(50);
  expect(await store.manifests(checkpoint)).toEqual([]);
  expect(await store.storedShards(manifest)).toEqual([manifest.shards[0]]);
});

it('takes shards without a checksum, which older versions have stored, where they can be read', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await store.commit(manifest);
  const connection = await openDB(name);
  const blob = new Blob([pattern(50, 300)]);
  await connection.put('shards', { version: manifest.version, blob }, [checkpoint, 'unet', 300]);
  connection.close();
  expect(await store.removeDamaged(manifest)).toBe(0);
});

it('stops a check when it is cancelled', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await store.commit(manifest);
  await expect(store.removeDamaged(manifest, { signal: AbortSignal.abort() })).rejects.toThrow(failure('cancelled'));
  expect(await store.manifests(checkpoint)).toEqual([manifest]);
});

it('tells a text, a file that is known to be absent, and nothing known apart', async () => {
  await store.putText(checkpoint, 'a.json', '{}');
  await store.putText(checkpoint, 'b.json', null);
  expect(await store.text(checkpoint, 'a.json')).toBe('{}');
  expect(await store.text(checkpoint, 'b.json')).toBeNull();
  expect(await store.text(checkpoint, 'c.json')).toBeUndefined();
});

it('lists what is stored with its bytes, and deletes one without touching another', async () => {
  // one id is a prefix of the other
  const longer = `${checkpoint}xl/`;
  const text = '{"a": 1}';
  for (const id of [checkpoint, longer]) {
    await putShards(manifestOf('unet', '1', id));
    await store.commit(manifestOf('unet', '1', id));
    await putShards(manifestOf('vae', '1', id));
    await store.putText(id, 'model_index.json', text);
  }
  const entry = { bytes: 508, components: ['unet'] };
  expect(await store.list()).toEqual([
    { id: checkpoint, ...entry },
    { id: longer, ...entry },
  ]);
  await store.delete(checkpoint);
  expect(await store.list()).toEqual([{ id: longer, ...entry }]);
  expect(await store.manifests(checkpoint)).toEqual([]);
  expect(await store.text(checkpoint, 'model_index.json')).toBeUndefined();
});

it('takes no notice of records that it does not understand, and counts none of them as a model', async () => {
  const manifest = manifestOf('unet');
  await store.list();
  const connection = await openDB(name);
  await connection.put('manifests', { version: 2 }, [checkpoint, 'unet']);
  await connection.put('shards', 'a string', [checkpoint, 'unet', 100]);
  await connection.put('texts', 5, [checkpoint, 'a.json']);
  connection.close();
  expect(await store.manifests(checkpoint)).toEqual([]);
  expect((await store.openShards(manifest)).lost).toEqual(manifest.shards);
  expect(await store.text(checkpoint, 'a.json')).toBeUndefined();
  expect(await store.list()).toEqual([{ id: checkpoint, bytes: 0, components: [] }]);
  expect(await store.removeDamagedFiles(checkpoint)).toBe(2);
  expect(await store.removeDamagedFiles(checkpoint)).toBe(0);
});

it('finds a small file that has changed on disk, and then counts nothing as whole', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await store.commit(manifest);
  await store.putText(checkpoint, 'a.json', '{"é": 1}');
  await store.putText(checkpoint, 'b.json', null);
  expect(await store.removeDamagedFiles(checkpoint)).toBe(0);
  const connection = await openDB(name);
  const key = [checkpoint, 'a.json'];
  await connection.put('texts', { ...(await connection.get('texts', key)), text: '{"é": 2}' }, key);
  connection.close();
  expect(await store.text(checkpoint, 'a.json')).toBeUndefined();
  expect(await store.damagedTexts(checkpoint)).toEqual(['a.json']);
  expect(await store.removeDamagedFiles(checkpoint)).toBe(1);
  expect(await store.manifests(checkpoint)).toEqual([]);
  expect(await store.text(checkpoint, 'b.json')).toBeNull();
  expect(await store.storedShards(manifest)).toEqual(manifest.shards);
});

it('takes texts without a checksum, which older versions have stored', async () => {
  await store.list();
  const connection = await openDB(name);
  await connection.put('texts', { text: '{}' }, [checkpoint, 'a.json']);
  connection.close();
  expect(await store.text(checkpoint, 'a.json')).toBe('{}');
});

it('does not wait for ever for a Blob', async () => {
  // no disk is that fast
  const blob = new Blob([new Uint8Array(50_000_000)]);
  await expect(readBlob(blob, 0)).rejects.toThrow(failure('storage', 'nothing came'));
  expect((await readBlob(blob)).byteLength).toBe(50_000_000);
});

it('reports that the browser refuses more space, and keeps what is there', async () => {
  const manifest = manifestOf('unet');
  const { origin } = location;
  // Chromium caches the available space for half a minute, unless it has to reopen the storage
  await browserSession().send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
  await browserSession().send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 });
  try {
    await putShards(manifest);
    const large = new Blob([pattern(20_000_000, 0)]);
    const putLarge = store.putShard(manifestOf('vae'), { begin: 0, end: large.size }, large);
    await expect(putLarge).rejects.toThrow(failure('quota', 'storing vae'));
  } finally {
    await browserSession().send('Storage.overrideQuotaForOrigin', { origin });
  }
  expect(await store.storedShards(manifest)).toEqual(manifest.shards);
});

it('reports a database of a newer version of the page', async () => {
  (await openDB(name, 1000)).close();
  await expect(store.list()).rejects.toThrow(failure('newer-storage', 'VersionError'));
});

it('lets another tab delete the database, and starts again from nothing', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await deleteDB(name);
  await expect(store.commit(manifest)).rejects.toThrow(failure('storage', 'disappeared'));
  expect(await store.list()).toEqual([]);
});

it('survives site data being cleared while it is open', async () => {
  const manifest = manifestOf('unet');
  await putShards(manifest);
  await browserSession().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' });
  await expect(store.commit(manifest)).rejects.toThrow(failure('storage'));
  expect(await store.list()).toEqual([]);
  await putShards(manifest);
  await store.commit(manifest);
  expect(await store.manifests(checkpoint)).toEqual([manifest]);
});
