/** Files that torch.save never writes: refused with the reason, or read if they are valid. */
import { describe, expect, it } from 'vitest';
import { failure } from '../../tests/errors';
import { RecordingSource } from '../../tests/recording-source';
import { archive, ascii, bytes, dictPickle, join, op, tensorPickle, torchFile } from '../../tests/torch-archive';
import { readPyTorchFile } from './pytorch-file';

function read(bytes: Uint8Array) {
  return readPyTorchFile(new RecordingSource(bytes), 'unet/weights.bin');
}

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
