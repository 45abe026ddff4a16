import { afterAll, describe, expect, it } from 'vitest';
import { hostileFiles } from './targets/hostile-files';
import { WatchedThread } from './watch';

describe('a file of 100 KB costs seconds and megabytes at most', () => {
  const thread = new WatchedThread({ seconds: 5, megabytes: 64 });
  afterAll(() => thread.close());

  it.each(hostileFiles.map(({ name }) => name))(
    '%s',
    async (name) => {
      const { inputs, failure } = await thread.run({ name, seed: 1, milliseconds: 0, batch: 1 });
      expect(failure).toBeUndefined();
      expect(inputs).toBe(1);
    },
    60_000,
  );
});
