import { beforeEach } from 'vitest';
import { type OpenOptions, openCheckpoint } from '../../src/checkpoint/open-checkpoint';
import { freshStoreForEachTest, store } from '../fresh-store';
import { Space } from './space';
import { putCheckpoint } from './synthetic';

/** The current test's folder on the server. */
export let space: Space;
let folder: string;

/**
 * To be called once in a test file: each of its tests has a small checkpoint on the server, and an empty store.
 * @param inFolder where in the space the checkpoint lies
 */
export function freshCheckpointForEachTest(inFolder = ''): void {
  freshStoreForEachTest();
  folder = inFolder;

  beforeEach(async () => {
    space = new Space();
    await putCheckpoint(space, folder);
  });
}

/** Opens the checkpoint; failed requests are not retried unless `pauses` are given. */
export function open(options: Partial<OpenOptions> = {}) {
  return openCheckpoint(space.url + folder, { store, pauses: [], ...options });
}

/** Requests for weights since the first `since` requests. */
export async function weightRequests(since = 0): Promise<string[]> {
  return (await space.requests()).slice(since).filter((request) => request.includes('safetensors'));
}
