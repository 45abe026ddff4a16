/** Downloads that break off, and files that change meanwhile. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { failure } from '../../tests/errors';
import { store } from '../../tests/fresh-store';
import { freshCheckpointForEachTest, open, space, weightRequests } from '../../tests/server/fresh-checkpoint';
import type { Fault } from '../../tests/server/space';
import { putLarge, safetensors, tensor, weightFiles } from '../../tests/server/synthetic';
import { expectTensors } from '../../tests/weights';
import { openCheckpoint } from './open-checkpoint';
import type { DownloadState } from './remote-origin';

const MiB = 1024 * 1024;
freshCheckpointForEachTest();

describe('a download that breaks off', () => {
  /** A file of three shards, since 64 MiB is the most that fits into one. */
  function putFile(seed: number, fault: Fault = {}) {
    return putLarge(space, weightFiles.unet, [MiB, 64 * MiB, MiB], seed, fault);
  }

  /** Loads until two shards are stored and the third hangs, then cancels. */
  async function interrupt(): Promise<void> {
    await putFile(0, { at: 30 * MiB, hangAfter: 1000 });
    const abort = new AbortController();
    const weights = (await open()).weights('unet', { signal: abort.signal });
    const cancelled = expect(weights).rejects.toThrow(failure('cancelled'));
    await vi.waitFor(async () => expect((await store.list())[0]?.bytes).toBeGreaterThan(2 * MiB), 60_000);
    abort.abort();
    await cancelled;
    expect(await store.manifests(space.url)).toEqual([]);
  }

  it('is continued where it was: what is stored is not fetched again', async () => {
    await interrupt();
    const large = await putFile(0);
    const before = (await space.requests()).length;
    const progress: number[] = [];
    const weights = await (await open()).weights('unet', { onProgress: (bytes) => progress.push(bytes / MiB) });
    await expectTensors(weights, large);
    // the header in two requests, and the shard that was missing in pieces of 8 MiB
    expect(await weightRequests(before)).toHaveLength(2 + 8);
    expect(progress).toEqual([2, 10, 18, 26, 34, 42, 50, 58, 66]);
  });

  it('starts anew when the file has changed meanwhile', async () => {
    await interrupt();
    const changed = await putFile(1, { etag: '"2"' });
    await expectTensors(await (await open()).weights('unet'), changed);
    expect(Math.round(((await store.list())[0]?.bytes ?? 0) / MiB)).toBe(66);
  });

  it('is no model, whatever was cut off', async () => {
    await putFile(0, { at: 30 * MiB, cutAfter: 1000 });
    await expect((await open()).weights('unet')).rejects.toThrow(failure('truncated', 'was cut before all'));
    expect(await store.manifests(space.url)).toEqual([]);
  });

  it('notices that the file changes under it, says so, and starts anew', async () => {
    const states: DownloadState[] = [];
    const source = await openCheckpoint(space.url, { store, onState: (state) => states.push(state) });
    await source.tensors('unet');
    const changed = { a: tensor(100, 99) };
    await space.put(weightFiles.unet, safetensors(changed), { etag: '"2"' });
    await expectTensors(await source.weights('unet'), changed);
    expect(states).toEqual([{ state: 'restarted' }]);
  });

  describe('where the server says nothing to tell files apart', () => {
    beforeEach(() => space.set({ hideHeaders: true }));

    /** Another file of the same size, whose header has the same length. */
    function putOther() {
      return putLarge(space, weightFiles.unet, [MiB + 1024, 64 * MiB - 1024, MiB], 1);
    }

    it('starts anew when the header has changed meanwhile', async () => {
      await interrupt();
      const changed = await putOther();
      await expectTensors(await (await open()).weights('unet'), changed);
    });

    it('notices another header after the last weight, and starts anew', async () => {
      await putFile(0);
      const states: DownloadState[] = [];
      const source = await openCheckpoint(space.url, { store, onState: (state) => states.push(state) });
      await source.tensors('unet');
      const changed = await putOther();
      await expectTensors(await source.weights('unet'), changed);
      expect(states).toEqual([{ state: 'restarted' }]);
    });

    it('is continued where the header is the same', async () => {
      await interrupt();
      const large = await putFile(0);
      const before = (await space.requests()).length;
      await expectTensors(await (await open()).weights('unet'), large);
      // the header before and after, and the shard that was missing
      expect(await weightRequests(before)).toHaveLength(2 + 8 + 2);
    });
  });
});
