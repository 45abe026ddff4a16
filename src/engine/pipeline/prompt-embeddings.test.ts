import { expect, test } from 'vitest';
import { PromptEmbeddings } from './prompt-embeddings';

const ids = (n: number) => Int32Array.of(49406, n, 49407);
const embeds = (n: number) => Float32Array.of(n);

test('knows a prompt by all of its tokens', () => {
  const embeddings = new PromptEmbeddings();
  embeddings.set(ids(1), embeds(1));
  expect(embeddings.get(ids(1))).toEqual(embeds(1));
  expect(embeddings.get(ids(2))).toBeUndefined();
  expect(embeddings.get(Int32Array.of(49406, 1))).toBeUndefined();
});

test('keeps sixteen prompts, and forgets the one that was not asked for longest', () => {
  const embeddings = new PromptEmbeddings();
  for (let n = 0; n < 16; n++) embeddings.set(ids(n), embeds(n));
  expect(embeddings.get(ids(0))).toEqual(embeds(0));
  embeddings.set(ids(16), embeds(16));
  expect(embeddings.get(ids(1))).toBeUndefined();
  for (const n of [0, 2, 15, 16]) expect(embeddings.get(ids(n))).toEqual(embeds(n));
});
