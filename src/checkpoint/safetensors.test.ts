import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { safetensors, tensor, withHeader } from '../../tests/server/synthetic';
import { checkFileSize, headerLength, parseHeader } from './safetensors';

const reference = new URL('../../reference/networks/', import.meta.url);
const path = 'unet/weights.safetensors';

function parse(file: Uint8Array<ArrayBuffer>) {
  const length = headerLength(file.subarray(0, 8), path);
  return parseHeader(file.subarray(8, 8 + length), path);
}

function lengthOf(value: bigint): Uint8Array {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, value, true);
  return head;
}

const two = { a: tensor(8, 0), b: tensor(6, 1) };

describe('headerLength', () => {
  it('reads the length, also from the middle of a buffer', () => {
    expect(headerLength(lengthOf(258n), path)).toBe(258);
    const buffer = new Uint8Array(16);
    buffer.set(lengthOf(99n), 3);
    expect(headerLength(buffer.subarray(3, 11), path)).toBe(99);
  });

  it.each([4_294_967_296n, 16_777_217n, 0xffff_ffff_ffff_ffffn, 0n, 1n])('refuses %d bytes', (length) => {
    expect(() => headerLength(lengthOf(length), path)).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(`${length} bytes`) }),
    );
  });

  it('tells a page from a file', () => {
    const page = new TextEncoder().encode('<!doctype html>');
    expect(() => headerLength(page.subarray(0, 8), path)).toThrow(expect.objectContaining({ code: 'html-answer' }));
  });
});

describe('parseHeader', () => {
  it('gives tensors with their places in the file, in the order of their bytes', () => {
    const file = safetensors(two, (header) => {
      // the file's order of names is not that of its bytes
      const { a, b } = header;
      if (a) a.data_offsets = [6, 14];
      if (b) b.data_offsets = [0, 6];
    });
    const begin = file.length - 14;
    expect(parse(file)).toEqual([
      { name: 'b', dtype: 'F16', shape: [3], begin, end: begin + 6 },
      { name: 'a', dtype: 'F16', shape: [4], begin: begin + 6, end: begin + 14 },
    ]);
  });

  it('takes what the Python library writes', () => {
    const files = readdirSync(reference, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.safetensors'),
    );
    expect(files.length).toBeGreaterThan(3);
    for (const name of files) {
      const file = new Uint8Array(readFileSync(new URL(name, reference)));
      checkFileSize(parse(file), file.length, name);
    }
  });

  it('takes a scalar and 64-bit integers', () => {
    const file = safetensors({
      scalar: { dtype: 'F32', shape: [], data: new Uint8Array(4) },
      position_ids: { dtype: 'I64', shape: [1, 77], data: new Uint8Array(616) },
    });
    expect(parse(file).map(({ begin, end }) => end - begin)).toEqual([4, 616]);
  });

  it.each([
    ['offsets [4, 14] (overlap)', 'b', { shape: [5], data_offsets: [4, 14] }],
    ['a gap', 'b', { data_offsets: [10, 16] }],
    ['fewer bytes than the shape needs', 'b', { data_offsets: [8, 12] }],
    ['more bytes than the shape needs', 'b', { shape: [2] }],
    ['offsets in the wrong order', 'b', { data_offsets: [14, 8] }],
    ['negative offsets', 'b', { data_offsets: [-6, 0] }],
    ['offsets that are no integers', 'b', { data_offsets: [8.5, 14.5] }],
    ['offsets beyond what a number can hold', 'b', { data_offsets: [2 ** 60, 2 ** 60 + 6] }],
    ['a negative size', 'b', { shape: [-1, -3] }],
    ['a shape that is none', 'b', { shape: '3' }],
    ['an empty tensor', 'b', { shape: [0], data_offsets: [8, 8] }],
    ['an unknown dtype', 'b', { dtype: 'F8_E4M3' }],
    ['a dtype that every object has', 'b', { dtype: 'constructor' }],
    ['three offsets', 'b', { data_offsets: [8, 14, 20] }],
  ])('refuses %s, naming the tensor', (_, name, change) => {
    const file = safetensors(two, (header) => Object.assign(header[name] ?? {}, change));
    expect(() => parse(file)).toThrow(
      expect.objectContaining({
        code: 'invalid-checkpoint',
        message: expect.stringMatching(/weights\.safetensors.* b\b/),
      }),
    );
  });

  it.each([
    ['no JSON', '{"a": '],
    ['an array', '[1, 2]'],
    ['null', 'null'],
    ['no tensor', '{"__metadata__": {}}'],
    ['an entry that is no object', '{"a": 5}'],
  ])('refuses %s', (_, json) => {
    expect(() => parse(withHeader(json))).toThrow(expect.objectContaining({ code: 'invalid-checkpoint' }));
  });

  it('refuses a name that is there twice, since the bytes of one of them then belong to nobody', () => {
    const entry = (begin: number) => `"a": {"dtype": "U8", "shape": [4], "data_offsets": [${begin}, ${begin + 4}]}`;
    expect(() => parse(withHeader(`{${entry(0)}, ${entry(4)}}`))).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint' }),
    );
  });

  it.each(['__proto__', 'constructor'])('takes a tensor of the name %s, wherever it lies', (name) => {
    const entry = (key: string, begin: number) =>
      `"${key}": {"dtype":"U8","shape":[4],"data_offsets":[${begin},${begin + 4}]}`;
    expect(parse(withHeader(`{${entry('a', 0)}, ${entry(name, 4)}}`)).map((tensor) => tensor.name)).toEqual([
      'a',
      name,
    ]);
  });

  const long = 'x'.repeat(1e5);
  const entry = { dtype: 'U8', shape: [4], data_offsets: [0, 4] };
  it.each<[string, unknown]>([
    ['a name', { [long]: 5 }],
    ['a name that is right', { [long]: { ...entry, shape: [5] } }],
    ['a dtype', { a: { ...entry, dtype: long } }],
    ['a dtype that is a list', { a: { ...entry, dtype: [long, long] } }],
    ['a key', { a: { ...entry, [long]: 1 } }],
    ['a shape', { a: { ...entry, shape: Array(1e4).fill(2 ** 53) } }],
    ['a gap', { [long]: { ...entry, data_offsets: [4, 8] } }],
  ])('keeps its message short where %s is long', (_, header) => {
    expect(() => parse(withHeader(JSON.stringify(header)))).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringMatching(/^.{30,600}$/) }),
    );
  });

  const nested = '['.repeat(1e5) + ']'.repeat(1e5);
  it.each([
    `"dtype": ${nested}, "shape": [4], "data_offsets": [0, 4]`,
    `"dtype": "U8", "shape": {"length": ${nested}}, "data_offsets": [0, 4]`,
    `"dtype": "U8", "shape": [4], "data_offsets": [0, ${nested}]`,
  ])('refuses a hundred thousand lists in each other', (text) => {
    expect(() => parse(withHeader(`{"a": {${text}}}`))).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint' }),
    );
  });

  it('refuses more tensors than any checkpoint has', () => {
    const header = Array.from({ length: 65_537 }, (_, i) => `"${i}":0`).join();
    expect(() => parse(withHeader(`{${header}}`))).toThrow(/more than 65536 tensors/);
  });

  it('refuses text that is not UTF-8', () => {
    expect(() => parseHeader(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), path)).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint' }),
    );
  });
});

describe('checkFileSize', () => {
  const file = safetensors(two);
  const tensors = parse(file);

  it('accepts the right size only', () => {
    expect(() => checkFileSize(tensors, file.length, path)).not.toThrow();
    expect(() => checkFileSize(tensors, file.length + 1, path)).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint' }),
    );
  });

  it('names the first tensor that is not whole', () => {
    expect(() => checkFileSize(tensors, file.length - 1, path)).toThrow(
      expect.objectContaining({ code: 'truncated', message: expect.stringContaining('tensor b') }),
    );
    expect(() => checkFileSize(tensors, file.length - 7, path)).toThrow(
      expect.objectContaining({ code: 'truncated', message: expect.stringContaining('tensor a') }),
    );
  });
});
