import { describe, expect, it } from 'vitest';
import { quote, shortened } from './quote';

describe('shortened', () => {
  it.each([
    ['short', 'short'],
    ['x'.repeat(200), 'x'.repeat(200)],
    ['x'.repeat(201), `${'x'.repeat(199)}…`],
    [`${'x'.repeat(198)}🎬🎬`, `${'x'.repeat(198)}…`],
  ])('%s', (text, expected) => expect(shortened(text)).toBe(expected));
});

describe('quote', () => {
  it.each<[unknown, string]>([
    ['a "word"', '"a \\"word\\""'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [null, 'null'],
    [undefined, 'undefined'],
    [[320, 'a', null, [1], { b: 2 }], '[320,"a",null,[…],{…}]'],
    [{ a: 1 }, '{…}'],
  ])('%j', (value, expected) => expect(quote(value)).toBe(expected));

  it('stays short, and reads no deeper than it shows', () => {
    let deep: unknown = [];
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const long = 'x'.repeat(1e6);
    for (const value of [deep, long, [long, long], Array(1e6).fill(long), { [long]: deep }]) {
      expect(quote(value).length).toBeLessThanOrEqual(200);
    }
  });
});
