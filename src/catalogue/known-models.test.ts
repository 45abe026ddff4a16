import { expect, test } from 'vitest';
import { publishedModel } from '../checkpoint/hub';
import { knownModels } from './known-models';

test('a download is said to be as long as the files whose hashes are known', async () => {
  const unasked = () => Promise.reject(new Error('The hub was asked.'));
  const pinned = knownModels.filter(({ url }) => /\/resolve\/[0-9a-f]{40}\/$/.test(url));
  expect(pinned.length).toBeGreaterThan(0);
  for (const { url, downloadBytes } of pinned) {
    const { files } = (await publishedModel(new URL(url), { fetch: unasked })) ?? {};
    const sizes = [...(files ?? [])].map(([, { bytes }]) => bytes);
    expect(sizes).toHaveLength(3);
    expect(downloadBytes).toBe(sizes.reduce((sum, bytes) => sum + bytes, 0));
  }
});
