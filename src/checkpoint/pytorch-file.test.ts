import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { RecordingSource } from '../../tests/recording-source';
import { ascii, dictPickle, join, tensorPickle, u16, u32, u64 } from '../../tests/torch-archive';
import type { ByteSource } from './byte-source';
import { readPyTorchFile } from './pytorch-file';
import { headerLength, parseHeader } from './safetensors';

const path = 'unet/weights.bin';

function reference(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../reference/checkpoint-files/${name}`, import.meta.url)));
}

function read(bytes: Uint8Array) {
  return readPyTorchFile(new RecordingSource(bytes), path);
}

describe('what PyTorch has written', () => {
  it.each(['state-dict', 'half', 'types', 'views', 'parameters', 'wrapped', 'rezipped'])(
    'gives the tensors that safetensors gives: %s',
    async (name) => {
      const file = reference(`${name}.bin`);
      const twin = reference(`${name}.safetensors`);
      const expected = parseHeader(twin.subarray(8, 8 + headerLength(twin, name)), name);
      const tensors = await read(file);
      expect(tensors.map((tensor) => tensor.begin)).toEqual(
        tensors.map((tensor) => tensor.begin).sort((a, b) => a - b),
      );
      expect(tensors.map((tensor) => tensor.name).sort()).toEqual(expected.map((tensor) => tensor.name).sort());
      for (const { name: tensorName, dtype, shape, begin, end } of expected) {
        const tensor = tensors.find((candidate) => candidate.name === tensorName);
        expect(tensor).toMatchObject({ dtype, shape });
        expect(file.slice(tensor?.begin, tensor?.end)).toEqual(twin.slice(begin, end));
      }
    },
  );

  it('is found with five reads, however many storages there are', async () => {
    // beginning, end, directory, byteorder, data.pkl
    for (const name of ['state-dict', 'types']) {
      const source = new RecordingSource(reference(`${name}.bin`));
      await readPyTorchFile(source, path);
      expect(source.reads).toBe(5);
    }
  });

  it.each([
    ['transposed', 'tensor turned is not contiguous (shape [3, 2], strides [1, 3])'],
    ['expanded', 'tensor stretched is not contiguous'],
    ['empty', 'tensor nothing is empty'],
    ['complex', 'torch.ComplexFloatStorage'],
    ['new-type', 'torch._utils._rebuild_tensor_v3'],
    ['negated', 'tensor minus'],
    ['module', 'torch.nn.modules.linear.Linear'],
    ['protocol-4', 'protocol 4'],
    ['big-endian', 'big-endian'],
    ['deflated', 'compressed'],
    ['legacy', 'before version 1.6'],
  ])('is refused with the reason: %s', async (name, message) => {
    await expect(read(reference(`${name}.bin`))).rejects.toThrow(failure('invalid-checkpoint', message));
  });

  it('is refused wherever it is cut off', async () => {
    const file = reference('state-dict.bin');
    for (let length = file.length - 1; length > 300; length -= 97) {
      await expect(read(file.subarray(0, length))).rejects.toThrow(failure('truncated', `after ${length} bytes`));
    }
  });
});

describe('archives that are larger than 4 GB', () => {
  /** Bytes that are not given are zeros. */
  class Sparse implements ByteSource {
    readonly #pieces: [number, Uint8Array][] = [];
    size = 0;

    put(at: number, bytes: Uint8Array): number {
      this.#pieces.push([at, bytes]);
      this.size = Math.max(this.size, at + bytes.length);
      return at + bytes.length;
    }

    async read(begin: number, end: number): Promise<Uint8Array> {
      const bytes = new Uint8Array(end - begin);
      for (const [at, piece] of this.#pieces) {
        const [first, last] = [Math.max(at, begin), Math.min(at + piece.length, end)];
        if (first < last) bytes.set(piece.subarray(first - at, last - at), first - begin);
      }
      return bytes;
    }
  }

  it('are read, aligned as PyTorch does', async () => {
    const GB = 2 ** 30;
    const tensors = { huge: 5 * GB, small: 64 };
    const pickle = dictPickle({
      huge: tensorPickle({ elements: BigInt(tensors.huge / 4), shape: [BigInt(tensors.huge / 4)] }),
      small: tensorPickle({ key: '1', elements: 16, shape: [4, 4] }),
    });
    const source = new Sparse();
    const directory: Uint8Array[] = [];
    let at = 0;
    const begins: number[] = [];
    for (const [name, size, data] of [
      ['a/data.pkl', pickle.length, pickle],
      ['a/data/0', tensors.huge, new Uint8Array()],
      ['a/data/1', tensors.small, new Uint8Array(64)],
    ] as const) {
      const header = at;
      const begin = Math.ceil((header + 30 + name.length + 4) / 64) * 64;
      begins.push(begin);
      source.put(header, join(u32(0x04034b50), new Uint8Array(22), u16(name.length)));
      source.put(begin, data);
      const large = size >= 0xffffffff || header >= 0xffffffff;
      at = begin + size + (large ? 24 : 16);
      const narrow = (value: number) => u32(Math.min(value, 0xffffffff));
      const wide = [size, size, header].filter((value) => value >= 0xffffffff).map(u64);
      const extra = large ? join(u16(1), u16(wide.length * 8), ...wide) : new Uint8Array();
      directory.push(
        join(u32(0x02014b50), new Uint8Array(16), narrow(size), narrow(size), u16(name.length), u16(extra.length)),
        join(new Uint8Array(10), narrow(header), ascii(name), extra),
      );
    }
    const listing = join(...directory);
    const record = source.put(at, listing);
    const end = join(u32(0x06064b50), u64(44), new Uint8Array(12), u64(3), u64(3), u64(listing.length), u64(at));
    const locator = source.put(record, end);
    const tail = source.put(locator, join(u32(0x07064b50), u32(0), u64(record), u32(1)));
    source.put(tail, join(u32(0x06054b50), new Uint8Array(8).fill(255), u32(0xffffffff), u32(0xffffffff), u16(0)));

    expect(await readPyTorchFile(source, path)).toEqual([
      { name: 'huge', dtype: 'F32', shape: [tensors.huge / 4], begin: begins[1], end: (begins[1] ?? 0) + tensors.huge },
      { name: 'small', dtype: 'F32', shape: [4, 4], begin: begins[2], end: (begins[2] ?? 0) + 64 },
    ]);
  });
});
