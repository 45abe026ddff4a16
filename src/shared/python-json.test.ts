import { describe, expect, it } from 'vitest';
import { parsePythonJson } from './python-json';

const parse = (text: string) => parsePythonJson(text, 'a.json');

describe('parsePythonJson', () => {
  it.each<[string, unknown]>([
    ['{"lambda_min_clipped": -Infinity}', { lambda_min_clipped: Number.NEGATIVE_INFINITY }],
    ['[Infinity,-Infinity, NaN ,[NaN], 1]', [1 / 0, -1 / 0, Number.NaN, [Number.NaN], 1]],
    ['NaN', Number.NaN],
    ['{"a": {"b": [[-Infinity], "x"]}, "c": NaN\n}', { a: { b: [[-1 / 0], 'x'] }, c: Number.NaN }],
    // strings and keys are unchanged
    [
      '{"Infinity": "NaN", "NaN" : "a, -Infinity]", "e": NaN}',
      { Infinity: 'NaN', NaN: 'a, -Infinity]', e: Number.NaN },
    ],
    ['["\\"", NaN, "", "\\\\", Infinity, "\\\\\\", NaN"]', ['"', Number.NaN, '', '\\', 1 / 0, '\\", NaN']],
    ['["\\u004eaN", "=", NaN]', ['NaN', '=', Number.NaN]],
    ['["[", [], {}, "]]"]', ['[', [], {}, ']]']],
    ['{"a": 1.5e3, "b": [true, null], "c": "ü"}', { a: 1500, b: [true, null], c: 'ü' }],
  ])('reads %s', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each([
    ...[
      '',
      '{',
      'infinity',
      'nan',
      '[-NaN]',
      '[+Infinity]',
      '[--Infinity]',
      '[1Infinity]',
      '[1-Infinity]',
      '[Infinity5]',
    ],
    ...[
      '[InfinityNaN]',
      '[Infinity.5]',
      '{NaN: 1}',
      '{Infinity: 1}',
      '[NaN',
      '["NaN]',
      '["\\',
      '[.Infinity]',
      '[NaN NaN]',
    ],
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'invalid-checkpoint',
        message: expect.stringContaining('a.json is not valid JSON'),
      }),
    );
  });

  it('reads as many lists as there are, and strings full of brackets', () => {
    const lists = Array.from({ length: 10_000 }, () => [['['.repeat(100)]]);
    expect(parse(JSON.stringify(lists))).toEqual(lists);
  });

  it.each<[string, string]>([
    ['brackets', '['.repeat(15e6)],
    ['brackets that fit', '['.repeat(7e6) + ']'.repeat(7e6)],
    ['objects that fit', `${'{"a":'.repeat(2e6)}1${'}'.repeat(2e6)}`],
    ['brackets, and NaN', `${'['.repeat(1e6)}NaN${']'.repeat(1e6)}`],
    ['quotes', `NaN${'"'.repeat(1e6)}`],
    ['escaped quotes', `["NaN${'\\"'.repeat(8e6)}`],
    ['minus signs', `[NaN${'-'.repeat(8e6)}`],
  ])('refuses %s by the million', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid-checkpoint' }));
  });
});
