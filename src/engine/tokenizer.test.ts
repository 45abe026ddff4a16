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

const file = z.record(z.string(), z.unknown()).nullable();
const special = z
  .object({
    vocab: z.record(z.string(), z.number()),
    merges: z.string(),
    texts: z.array(z.string()),
    variants: z.array(
      z.object({
        tokenizerConfig: file,
        specialTokensMap: file,
        padding: z.number(),
        ids: z.array(z.array(z.number())),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('reference/tokenizer/special-tokens.json', 'utf8')));

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

  for (const { tokenizerConfig, specialTokensMap, padding, ids } of special.variants) {
    it(`finds the special tokens in ${JSON.stringify(tokenizerConfig)} and ${JSON.stringify(specialTokensMap)}`, () => {
      const tokenizer = ClipTokenizer.fromFiles(
        {
          vocab: JSON.stringify(special.vocab),
          merges: special.merges,
          tokenizerConfig: tokenizerConfig ? JSON.stringify(tokenizerConfig) : undefined,
          specialTokensMap: specialTokensMap ? JSON.stringify(specialTokensMap) : undefined,
        },
        40,
      );
      const padded = ids.map((list) => [...list, ...new Array<number>(40 - list.length).fill(padding)]);
      expect(special.texts.map((text) => [...tokenizer.encode(text).ids])).toEqual(padded);
    });
  }

  it('names the file that is malformed', () => {
    const small = { vocab: JSON.stringify(special.vocab), merges: special.merges };
    const broken = (change: Partial<typeof files>) => () => ClipTokenizer.fromFiles({ ...small, ...change }, 77);
    const of = (file: string) =>
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(file) });
    expect(broken({})).not.toThrow();
    expect(broken({ vocab: '{' })).toThrow(of('vocab.json'));
    expect(broken({ vocab: '{"a":0}' })).toThrow(of('vocab.json'));
    expect(broken({ merges: 'a b c' })).toThrow(of('merges.txt'));
    expect(broken({ tokenizerConfig: '[]' })).toThrow(of('tokenizer_config.json'));
    expect(broken({ tokenizerConfig: '{"pad_token":"[PAD]"}' })).toThrow(of('vocab.json has no token [PAD]'));
    expect(broken({ specialTokensMap: '{"pad_token":{"content":"!","rstrip":true}}' })).toThrow(
      of('special_tokens_map.json'),
    );
  });

  const small = { vocab: JSON.stringify(special.vocab), merges: special.merges };

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'knows no token %s unless it is there',
    (name) => {
      const tokenizerConfig = JSON.stringify({ bos_token: name });
      expect(() => ClipTokenizer.fromFiles({ ...small, tokenizerConfig }, 77)).toThrow(`has no token ${name}`);
      // not by a literal, in which __proto__ means something else
      const vocab = small.vocab.replace('{', `{"${name}":77,`);
      const tokenizer = ClipTokenizer.fromFiles({ ...small, vocab, tokenizerConfig }, 77);
      expect(tokenizer.encode('').ids[0]).toBe(77);
      expect(tokenizer.encode(`a ${name} b`).ids).toContain(77);
    },
  );

  it('tells its largest id', () => {
    expect(ClipTokenizer.fromFiles(files, 77).largestId).toBe(49407);
    const added = { 50000: { content: '<x>' } };
    const tokenizerConfig = JSON.stringify({ added_tokens_decoder: added });
    expect(ClipTokenizer.fromFiles({ ...files, tokenizerConfig }, 77).largestId).toBe(50000);
  });

  const tokens = (count: number, content = (i: number) => `<${i}>`) =>
    JSON.stringify({
      added_tokens_decoder: Object.fromEntries(Array.from({ length: count }, (_, i) => [i, { content: content(i) }])),
    });
  it.each<[string, Partial<typeof files>, string]>([
    ['an id of 2^40', { vocab: small.vocab.replace('{', '{"far":1099511627776,') }, 'far the id 1099511627776'],
    ['an id that is none', { vocab: small.vocab.replace('{', '{"half":0.5,') }, 'half the id 0.5'],
    [
      'an added id that is none',
      { tokenizerConfig: '{"added_tokens_decoder":{"x":{"content":"<x>"}}}' },
      '<x> the id NaN',
    ],
    ['100,000 added tokens', { tokenizerConfig: tokens(100_000) }, 'tokenizer_config.json'],
    ['an added token of 100 KB', { tokenizerConfig: tokens(1, () => 'x'.repeat(1e5)) }, 'tokenizer_config.json'],
    ['an added token of nothing', { tokenizerConfig: tokens(1, () => '') }, 'tokenizer_config.json'],
    ['half a million merges', { merges: 'a b\n'.repeat(500_000) }, '500000 merges'],
    ['a vocabulary that is a list', { vocab: '[1]' }, 'vocab.json'],
  ])('refuses %s', (_, change, message) => {
    expect(() => ClipTokenizer.fromFiles({ ...small, ...change }, 77)).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(message) }),
    );
  });

  it('names what is wrong in a few words', () => {
    const tokenizerConfig = JSON.stringify({ pad_token: 'x'.repeat(256) });
    expect(() => ClipTokenizer.fromFiles({ ...small, tokenizerConfig }, 77)).toThrow(/^.{200,300}$/);
  });
});
