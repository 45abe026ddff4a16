import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import {
  archive,
  ascii,
  bytes,
  dictPickle,
  join,
  op,
  tensorPickle,
  torchFile,
  u16,
  u32,
  u64,
} from '../../tests/torch-archive';
import type { ByteSource } from './byte-source';
import { readPyTorchFile } from './pytorch-file';
import { headerLength, parseHeader } from './safetensors';

const path = 'unet/weights.bin';

function reference(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../reference/checkpoint-files/${name}`, import.meta.url)));
}

/** A source that records what is read. */
class Bytes implements ByteSource {
  readonly size: number;
  reads = 0;

  constructor(readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }

  async read(begin: number, end: number): Promise<Uint8Array> {
    expect([begin >= 0, begin <= end, end <= this.size]).toEqual([true, true, true]);
    this.reads++;
    return this.bytes.subarray(begin, end);
  }
}

function read(bytes: Uint8Array) {
  return readPyTorchFile(new Bytes(bytes), path);
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
      const source = new Bytes(reference(`${name}.bin`));
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

describe('what somebody has made up', () => {
  const good = dictPickle({ a: tensorPickle({ elements: 6, shape: [2, 3] }) });
  const entries = {
    pickle: { name: 'x/data.pkl', data: good },
    storage: { name: 'x/data/0', data: new Uint8Array(24) },
  };

  it('is taken when it is right', async () => {
    expect(await read(torchFile(good))).toMatchObject([{ name: 'a', dtype: 'F32', shape: [2, 3] }]);
    expect(await read(archive([entries.pickle, entries.storage], 'a comment'))).toHaveLength(1);
  });

  const system = join(op.global('os', 'system'), op.mark, op.text('echo'), op.tuple, op.reduce);
  it.each<[string, Uint8Array, string]>([
    ['runs a program', torchFile(join(op.proto, system, op.stop)), 'os.system'],
    ['runs a program in a tensor', torchFile(dictPickle({ a: system })), 'os.system'],
    [
      'calls with the wrong arguments',
      torchFile(dictPickle({ a: join(op.global('torch._utils', '_rebuild_tensor_v2'), op.emptyTuple, op.reduce) })),
      'a tensor is malformed',
    ],
    [
      'fills an OrderedDict',
      torchFile(
        dictPickle({ a: join(op.global('collections', 'OrderedDict'), op.mark, op.int(1), op.tuple, op.reduce) }),
      ),
      'OrderedDict',
    ],
    [
      'has a storage that is none',
      torchFile(dictPickle({ a: join(op.text('storage'), op.persistentId) })),
      'a storage is malformed',
    ],
    [
      'has a storage of another kind',
      torchFile(dictPickle({ a: tensorPickle({ storage: 'QInt8Storage', elements: 24, shape: [24] }) })),
      'torch.QInt8Storage',
    ],
    [
      'has a function for a storage',
      torchFile(
        dictPickle({
          a: join(
            op.mark,
            op.text('storage'),
            op.global('collections', 'OrderedDict'),
            op.text('0'),
            op.text('cpu'),
            op.int(6),
            op.tuple,
            op.persistentId,
          ),
        }),
      ),
      'not a kind of storage',
    ],
    [
      'has a larger storage',
      torchFile(dictPickle({ a: tensorPickle({ elements: 7, shape: [7] }) })),
      'storage 0 should have 28 bytes',
    ],
    [
      'has a storage that is not there',
      torchFile(dictPickle({ a: tensorPickle({ key: '../version', elements: 6, shape: [6] }) })),
      'is not there',
    ],
    [
      'ends behind its storage',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, offset: 1, shape: [2, 3] }) })),
      'tensor a lies outside',
    ],
    [
      'begins behind its storage',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, offset: 2n ** 52n, shape: [2, 3] }) })),
      'tensor a lies outside',
    ],
    [
      'begins before its storage',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, offset: -1, shape: [2, 3] }) })),
      'a tensor is malformed',
    ],
    [
      'has a shape beyond numbers',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, shape: [2n ** 62n, 4] }) })),
      'a tensor is malformed',
    ],
    [
      'has a shape of 10^90',
      torchFile(
        dictPickle({ a: tensorPickle({ elements: 6, shape: Array(6).fill(10n ** 15n), strides: [10n ** 15n] }) }),
      ),
      'is not contiguous',
    ],
    [
      'has rows that overlap',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, shape: [2, 3], strides: [1, 1] }) })),
      'tensor a is not contiguous',
    ],
    [
      'has strides too few',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, shape: [1, 6], strides: [1] }) })),
      'tensor a is not contiguous',
    ],
    [
      'has a shape of 17 axes',
      torchFile(dictPickle({ a: tensorPickle({ elements: 1, shape: Array(17).fill(1) }) })),
      'not a list of at most 16 axes',
    ],
    [
      'has 1000 strides',
      torchFile(dictPickle({ a: tensorPickle({ elements: 6, shape: [6], strides: Array(1000).fill(1) }) })),
      'not a list of at most 16 axes',
    ],
    [
      'has a storage with a name of 100 letters',
      torchFile(dictPickle({ a: tensorPickle({ key: 'x'.repeat(100), elements: 6, shape: [6] }) })),
      'a storage is malformed',
    ],
    ['is a number', torchFile(join(op.proto, op.int(1), op.stop)), 'does not hold a state dict'],
    ['is an empty list', torchFile(join(op.proto, bytes(0x5d), op.stop)), 'there is no tensor in it'],
    [
      'is a list of numbers',
      torchFile(join(op.proto, bytes(0x5d), op.int(1), bytes(0x61, 0x2e))),
      '0 in it is not a tensor',
    ],
    ['is an empty dict', torchFile(dictPickle({})), 'there is no tensor in it'],
    ['is a dict of numbers', torchFile(dictPickle({ a: op.int(1) })), 'a in it is not a tensor'],
    [
      'has the same bytes a hundred times',
      torchFile(
        dictPickle(
          Object.fromEntries(
            Array.from({ length: 999 }, (_, i) => [`${i}`, tensorPickle({ elements: 25_000, shape: [25_000] })]),
          ),
        ),
        new Uint8Array(100_000),
      ),
      'its tensors have 99900000 bytes',
    ],
    [
      'is a zip archive of something',
      archive([{ name: 'notes.txt', data: ascii('hello') }]),
      'not one that torch.save',
    ],
    [
      'holds two pickles',
      archive([entries.pickle, { ...entries.pickle, name: 'y/data.pkl' }, entries.storage]),
      'not one that torch.save',
    ],
    [
      'is a TorchScript program',
      archive([entries.pickle, { name: 'x/constants.pkl', data: good }, entries.storage]),
      'TorchScript',
    ],
    ['announces a pickle of 4 GB', archive([{ ...entries.pickle, size: 0xfffffffe }, entries.storage]), 'overlaps'],
    [
      'has a pickle of 5 MB',
      archive([{ ...entries.pickle, data: new Uint8Array(5e6) }, entries.storage]),
      'data.pkl in it has 5000000 bytes',
    ],
    ['has a file in another', archive([{ ...entries.pickle, offset: 20 }, entries.storage]), 'overlaps'],
    ['has a file outside of itself', archive([entries.pickle, { ...entries.storage, offset: 1e6 }]), 'overlaps'],
    ['is encrypted', archive([{ ...entries.pickle, flags: 1 }, entries.storage]), 'encrypted'],
    ['is a git-lfs pointer', ascii('version https://git-lfs.github.com/spec/v1'), 'not written by torch.save'],
    ['is nothing', new Uint8Array(), 'not written by torch.save'],
  ])('is refused when it %s', async (_, file, message) => {
    await expect(read(file)).rejects.toThrow(failure('invalid-checkpoint', message));
  });

  it.each<[string, Uint8Array]>([
    ['a tensor', torchFile(dictPickle({ ['x'.repeat(1e5)]: tensorPickle({ elements: 7, shape: [6] }) }))],
    ['no tensor', torchFile(dictPickle({ ['x'.repeat(1e5)]: op.int(1) }))],
    ['a file', archive([{ name: 'x'.repeat(6e4), data: good, flags: 1 }])],
  ])('keeps its message short where %s has a long name', async (_, file) => {
    await expect(read(file)).rejects.toThrow(/^.{30,400}$/);
  });

  it('may be a list, whose tensors are named by their places', async () => {
    const tensor = tensorPickle({ elements: 6, shape: [2, 3] });
    const listed = torchFile(join(op.proto, bytes(0x5d), op.mark, tensor, tensor, bytes(0x65), op.stop));
    expect((await read(listed)).map(({ name, shape }) => [name, shape])).toEqual([
      ['0', [2, 3]],
      ['1', [2, 3]],
    ]);
  });

  it('is refused when the directory is damaged', async () => {
    const file = archive([entries.pickle, entries.storage]);
    const end = new DataView(file.buffer, file.length - 22);
    const refused = async (message: string) =>
      await expect(read(file)).rejects.toThrow(failure('invalid-checkpoint', message));
    const [bytes, begin] = [end.getUint32(12, true), end.getUint32(16, true)];
    end.setUint32(16, begin + 1, true);
    await refused('damaged');
    end.setUint32(16, begin + 1000, true);
    await refused('outside of the file');
    end.setUint32(16, begin, true);
    end.setUint32(12, 2e9, true);
    await refused('2000000000 bytes');
    end.setUint32(12, bytes - 1, true);
    await refused('damaged');
    end.setUint32(12, bytes, true);
    end.setUint16(10, 3, true);
    await refused('announces 3 files');
    end.setUint16(10, 0xffff, true);
    await refused('zip64');
  });

  it('is a page', async () => {
    await expect(read(ascii('<!doctype html><title>Sign in</title>'))).rejects.toThrow(failure('html-answer'));
  });
});
