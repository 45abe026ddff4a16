import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ClipTokenizer } from './tokenizer';

const folder = 'public/models/moving-shapes/tokenizer';
const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
const files = {
  vocab: read('vocab.json'),
  merges: read('merges.txt'),
  tokenizerConfig: read('tokenizer_config.json'),
  specialTokensMap: read('special_tokens_map.json'),
};

/** Written by training/references/tokenizer.py. */
const reference = z
  .object({
    length: z.number(),
    padding: z.number(),
    cases: z.array(z.object({ text: z.string(), ids: z.array(z.number()), tokens: z.number() })).min(100),
  })
  .parse(JSON.parse(readFileSync('reference/tokenizer/ids.json', 'utf8')));

describe('ClipTokenizer', () => {
  it('gives the ids of Python’s CLIPTokenizer', () => {
    const tokenizer = ClipTokenizer.fromFiles(files, reference.length);
    const result = reference.cases.map(({ text }) => {
      const { ids, tokens, truncated } = tokenizer.encode(text);
      return { text, ids: [...ids], tokens, truncated };
    });
    const expected = reference.cases.map(({ text, ids, tokens }) => ({
      text,
      ids: [...ids, ...new Array<number>(reference.length - ids.length).fill(reference.padding)],
      tokens,
      truncated: Math.max(0, tokens - reference.length),
    }));
    const wrong = result.filter((item, i) => JSON.stringify(item) !== JSON.stringify(expected[i]));
    expect(wrong.map(({ text, ids }) => [text, ids.slice(0, 20)])).toEqual([]);
  });

  it('keeps the end mark of what it cuts off', () => {
    const { ids, tokens, truncated } = ClipTokenizer.fromFiles(files, 5).encode('one two three four five');
    expect([...ids]).toEqual([49406, 637, 1237, 2097, 49407]);
    expect({ tokens, truncated }).toEqual({ tokens: 7, truncated: 2 });
  });

  const padding = (tokenizerConfig?: object, specialTokensMap?: object) =>
    ClipTokenizer.fromFiles(
      {
        vocab: files.vocab,
        merges: files.merges,
        tokenizerConfig: tokenizerConfig && JSON.stringify(tokenizerConfig),
        specialTokensMap: specialTokensMap && JSON.stringify(specialTokensMap),
      },
      4,
    ).encode('').ids[3];

  it('resolves the padding as Python does', () => {
    expect(padding()).toBe(49407);
    expect(padding({ pad_token: '!' })).toBe(0);
    expect(padding(undefined, { pad_token: '!' })).toBe(0);
    expect(padding({ pad_token: '!' }, { pad_token: '<|endoftext|>' })).toBe(49407);
    expect(padding({ pad_token: '<|endoftext|>' }, { pad_token: { content: '!' } })).toBe(0);
    expect(padding({ pad_token: '!' }, { bos_token: '<|startoftext|>' })).toBe(0);
  });

  it('names the file that is malformed', () => {
    const broken = (change: Partial<typeof files>) => () => ClipTokenizer.fromFiles({ ...files, ...change }, 77);
    expect(broken({ vocab: '{' })).toThrow(/vocab\.json/);
    expect(broken({ vocab: '{"a":0}' })).toThrow(/vocab\.json/);
    expect(broken({ merges: 'a b c' })).toThrow(/merges\.txt/);
    expect(broken({ tokenizerConfig: '[]' })).toThrow(/tokenizer_config\.json/);
  });
});
