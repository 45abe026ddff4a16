import { deleteDB } from 'idb';
import { afterEach, beforeEach } from 'vitest';
import { CheckpointStore } from '../src/storage';

/** The current test's store, and the name of its database. */
export let store: CheckpointStore;
export let name: string;

/** To be called once in a test file: each of its tests has an empty store, whose database is deleted afterwards. */
export function freshStoreForEachTest(): void {
  beforeEach(() => {
    name = `test-${crypto.randomUUID()}`;
    store = new CheckpointStore(name);
  });

  afterEach(async () => {
    await store.close();
    await deleteDB(name);
  });
}
