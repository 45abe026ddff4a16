import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { z } from 'zod';
import { ClipTokenizer } from '../../../src/engine/tokenizer';
import { hostileString, jsonLike } from '../inputs';
import { accepted, expect, target } from '../target';

const file = z.record(z.string(), z.unknown()).nullable();
const { vocab, merges, variants } = z
  .object({
    vocab: z.record(z.string(), z.number()),
    merges: z.string(),
    variants: z.array(z.object({ tokenizerConfig: file, specialTokensMap: file })),
  })
  .parse(JSON.parse(readFileSync('reference/tokenizer/special-tokens.json', 'utf8')));
const configs = variants.flatMap(({ tokenizerConfig: config }) => (config ? [config] : []));
const maps = variants.flatMap(({ specialTokensMap: map }) => (map ? [map] : []));

const lines = merges.split('\n');
const changedMerges = fc
  .tuple(
    fc.nat(lines.length - 1),
    fc.nat(3),
    fc.oneof(hostileString, fc.constantFrom('a b', 'a  b', ' ', 'a b c', '#version')),
  )
  .map(([at, removed, added]) => lines.toSpliced(at, removed, added).join('\n'));

const inputs = fc.record({
  vocab: fc.oneof(fc.constant(JSON.stringify(vocab)), jsonLike(vocab)),
  merges: fc.oneof({ weight: 3, arbitrary: fc.constant(merges) }, { weight: 1, arbitrary: changedMerges }),
  tokenizerConfig: fc.option(jsonLike({}, ...configs), { nil: undefined }),
  specialTokensMap: fc.option(jsonLike({}, ...maps), { nil: undefined }),
  length: fc.integer({ min: 1, max: 77 }),
  text: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    hostileString,
    fc.constant('<|startoftext|> a <|endoftext|>!'),
  ),
});

export const tokenizers = [
  target('tokenizer files', inputs, async ({ length, text, ...files }) => {
    const tokenizer = await accepted(() => ClipTokenizer.fromFiles(files, length));
    if (!tokenizer) return;
    const { ids, tokens, truncated } = tokenizer.encode(text);
    expect(ids.length === length, `${ids.length} ids of ${length}`);
    expect(
      ids.every((id) => id >= 0 && id <= tokenizer.largestId),
      `ids up to ${tokenizer.largestId}: ${ids.join()}`,
    );
    expect(tokens >= 2 && truncated === Math.max(0, tokens - length), `${tokens} tokens, ${truncated} cut off`);
  }),
];
