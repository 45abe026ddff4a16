import { readFileSync } from 'node:fs';
import type { ByteSource } from '../../../src/checkpoint/byte-source';
import { type FileTensor, parseHeader } from '../../../src/checkpoint/safetensors';
import { readTensorTable } from '../../../src/checkpoint/weight-files';
import { elementType } from '../../../src/shared/dtypes';
import { safetensors as file, tensor } from '../../../tests/server/synthetic';
import { bytesLike, jsonLike } from '../inputs';
import { accepted, expect, target } from '../target';

/** As every source is that Kinora has: it gives the bytes that it was asked for. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async read(begin, end) {
      expect(0 <= begin && begin <= end && end <= bytes.length, `bytes ${begin} to ${end} of ${bytes.length} are read`);
      return bytes.subarray(begin, end);
    },
  };
}

export function bytesOf({ shape, dtype }: FileTensor): number {
  return shape.reduce((product, size) => product * size, elementType(dtype).bytes);
}

/** Tensors follow each other without gap or overlap, and have names of their own. */
function checkTable(tensors: readonly FileTensor[], begin: number, size?: number): void {
  let end = begin;
  for (const one of tensors) {
    expect(one.begin === end, `${one.name} begins where the one before ends`);
    expect(one.end - one.begin === bytesOf(one) && one.end > one.begin, `${one.name} has the bytes of its shape`);
    end = one.end;
  }
  expect(size === undefined || end === size, 'the last tensor ends where the file does');
  expect(new Set(tensors.map(({ name }) => name)).size === tensors.length, 'names are there once');
}

const header = {
  __metadata__: { format: 'pt' },
  a: { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] },
  b: { dtype: 'F32', shape: [4], data_offsets: [12, 28] },
  c: { dtype: 'I64', shape: [], data_offsets: [28, 36] },
};

export const safetensors = [
  target('safetensors header', jsonLike(header, { a: header.a }), async (text) => {
    const bytes = new TextEncoder().encode(text);
    const tensors = await accepted(() => parseHeader(bytes, 'a.safetensors'));
    if (tensors) checkTable(tensors, 8 + bytes.length);
  }),
  target(
    'safetensors file',
    bytesLike(
      [
        file({ a: tensor(8, 0), b: tensor(6, 1) }),
        new Uint8Array(readFileSync('reference/checkpoint-files/types.safetensors')),
      ],
      600,
    ),
    async (bytes) => {
      const tensors = await accepted(() => readTensorTable(sourceOf(bytes), 'a.safetensors'));
      if (tensors) checkTable(tensors, tensors[0]?.begin ?? 0, bytes.length);
    },
  ),
];
