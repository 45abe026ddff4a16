/** Inputs that are nearly valid: valid ones, with a few places changed to values that parsers stumble over. */
import fc from 'fast-check';

/** Undefined nine times out of ten. */
export const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const names = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  '',
  'a',
  '0',
  '-1',
  '\ufeff',
  '🎬',
  '\ud800',
  '<b>',
  '../..',
];

export const hostileString = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...names) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  fc.integer({ min: 1, max: 20_000 }).map((length) => 'x'.repeat(length)),
);

export const hostileNumber = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    0.5,
    1,
    2,
    3,
    255,
    256,
    65_536,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e21,
    1e308,
    5e-324,
  ),
  fc.integer({ min: -10, max: 2000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Stands for nested lists that are deeper than the stack, which are easy to write as text. */
const deep = 'lists in lists';
const depth = 20_000;
const deepText = '['.repeat(depth) + ']'.repeat(depth);

export const hostileJson: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: hostileNumber },
  { weight: 3, arbitrary: hostileString },
  { weight: 2, arbitrary: fc.constantFrom<Json>(null, true, false, [], {}) },
  { weight: 2, arbitrary: fc.array(hostileNumber, { maxLength: 20 }) },
  { weight: 1, arbitrary: fc.array(hostileString, { maxLength: 20 }) },
  { weight: 1, arbitrary: fc.dictionary(hostileString, hostileNumber, { maxKeys: 5 }) },
  { weight: 1, arbitrary: fc.constant(deep) },
);

interface Edit {
  at: number;
  kind: 'replace' | 'add' | 'remove' | 'double';
  key: string;
  value: Json;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('replace', 'replace', 'replace', 'add', 'remove', 'double'),
  key: hostileString,
  value: hostileJson,
});

/** JSON text like one of `bases`, sometimes with characters changed, so that it may no longer be JSON. */
export function jsonLike(...bases: readonly unknown[]): fc.Arbitrary<string> {
  const values = fc
    .tuple(fc.constantFrom(...bases), fc.array(edit, { maxLength: 4 }))
    .map(([base, edits]) => edits.reduce<unknown>((value, one) => edited(value, one), base));
  return fc
    .tuple(
      values.map((value) => JSON.stringify(value).replace(`"${deep}"`, deepText)),
      rarely(
        fc.record({
          at: fc.nat(),
          text: fc.constantFrom('', '"', '{', ']', ',', ':Infinity', 'NaN', '\\u0000', '\ufeff'),
        }),
      ),
    )
    .map(([text, slip]) => {
      if (!slip) return text;
      const at = slip.at % (text.length + 1);
      return text.slice(0, at) + slip.text + text.slice(at + 1);
    });
}

/** A copy of `root` with one change at one of its places, counted depth first. */
function edited(root: unknown, change: Edit): unknown {
  let left = change.at % countOf(root);
  const visit = (value: unknown): unknown => {
    if (left-- === 0) {
      if (change.kind === 'replace') return change.value;
      if (change.kind === 'double') return [value, value];
      if (change.kind === 'remove') return undefined;
      if (Array.isArray(value)) return [...value, change.value];
      // by entries, since assigning __proto__ does something else
      const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
      return Object.fromEntries([...entries, [change.key, change.value]]);
    }
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]));
  };
  return visit(root) ?? null;
}

/** The number of places in `value`. */
function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + countOf(child), 1);
}

type ByteEdit = { at: number } & (
  | { kind: 'set'; bytes: Uint8Array }
  | { kind: 'insert'; bytes: Uint8Array }
  | { kind: 'remove'; count: number }
  | { kind: 'copy'; from: number; count: number }
);

/** Numbers as in binary formats, of one to eight bytes in either byte order. */
const hostileBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 8 }),
  fc
    .tuple(
      fc.constantFrom(1, 2, 4, 8),
      fc.constantFrom(0, 1, 2, 8, 0x7f, 0xff, 0xffff, 2 ** 31, 2 ** 32 - 1),
      fc.boolean(),
    )
    .map(([size, value, little]) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, BigInt(value), little);
      const bytes = new Uint8Array(view.buffer);
      return little ? bytes.subarray(0, size) : bytes.subarray(8 - size);
    }),
);

const byteEdit: fc.Arbitrary<ByteEdit> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ at: fc.nat(), kind: fc.constant('set'), bytes: hostileBytes }) },
  { weight: 1, arbitrary: fc.record({ at: fc.nat(), kind: fc.constant('insert'), bytes: hostileBytes }) },
  { weight: 1, arbitrary: fc.record({ at: fc.nat(), kind: fc.constant('remove'), count: fc.nat(40) }) },
  {
    weight: 1,
    arbitrary: fc.record({ at: fc.nat(), kind: fc.constant('copy'), from: fc.nat(), count: fc.nat(100) }),
  },
);

/**
 * Bytes like those of one of `bases`.
 * @param reach changes are within this many bytes of the beginning, or of the end if negative
 */
export function bytesLike(
  bases: readonly Uint8Array[],
  reach = Number.MAX_SAFE_INTEGER,
): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc
    .tuple(fc.constantFrom(...bases), fc.array(byteEdit, { maxLength: 5 }), rarely(fc.nat()))
    .map(([base, edits, cut]) => {
      const bytes = edits.reduce((all, one) => editedBytes(all, one, reach), new Uint8Array(base));
      return cut === undefined ? bytes : bytes.slice(0, cut % (bytes.length + 1));
    });
}

function editedBytes(bytes: Uint8Array<ArrayBuffer>, change: ByteEdit, reach: number): Uint8Array<ArrayBuffer> {
  const range = Math.min(bytes.length, Math.abs(reach)) + 1;
  const at = (change.at % range) + (reach < 0 ? bytes.length + 1 - range : 0);
  const splice = (removed: number, added: Uint8Array) => {
    const end = Math.min(bytes.length, at + removed);
    const result = new Uint8Array(bytes.length - (end - at) + added.length);
    result.set(bytes.subarray(0, at));
    result.set(added, at);
    result.set(bytes.subarray(end), at + added.length);
    return result;
  };
  switch (change.kind) {
    case 'set':
      return splice(change.bytes.length, change.bytes);
    case 'insert':
      return splice(0, change.bytes);
    case 'remove':
      return splice(change.count, new Uint8Array());
    case 'copy': {
      const from = change.from % (bytes.length + 1);
      return splice(0, bytes.slice(from, from + change.count));
    }
  }
}
