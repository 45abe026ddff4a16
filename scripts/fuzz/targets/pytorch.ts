import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { PickleGlobal, unpickle } from '../../../src/checkpoint/pickle';
import { readPyTorchFile } from '../../../src/checkpoint/pytorch-file';
import { archive, bytes, dictPickle, join, op, tensorPickle, torchFile, u32 } from '../../../tests/torch-archive';
import { bytesLike, hostileString, rarely } from '../inputs';
import { accepted, expect, target } from '../target';
import { bytesOf, sourceOf } from './safetensors';

const folder = 'reference/checkpoint-files';
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.bin'))
  .map((name) => new Uint8Array(readFileSync(`${folder}/${name}`)));

async function check(file: Uint8Array): Promise<void> {
  const tensors = await accepted(() => readPyTorchFile(sourceOf(file), 'a.bin'));
  let before = 0;
  for (const tensor of tensors ?? []) {
    expect(tensor.begin >= before, 'tensors are in the order of their bytes');
    expect(tensor.end <= file.length, `${tensor.name} lies inside of the file`);
    expect(tensor.end - tensor.begin === bytesOf(tensor), `${tensor.name} has the bytes of its shape`);
    before = tensor.begin;
  }
}

const pickles = [
  dictPickle({ a: tensorPickle({ elements: 6, shape: [2, 3] }) }),
  dictPickle({
    'conv.weight': tensorPickle({ elements: 6, shape: [2, 1] }),
    'conv.bias': tensorPickle({ elements: 6, offset: 2, shape: [4] }),
  }),
];

/** Opcodes with arguments that fit, in any order. */
const opcode: fc.Arbitrary<Uint8Array> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...Object.values(op).filter((value) => value instanceof Uint8Array),
      bytes(0x5d),
      bytes(0x61),
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom(0x85, 0x86, 0x87, 0x65, 0x62, 0x88).map((code) => bytes(code)) },
  { weight: 3, arbitrary: fc.nat(3).map((index) => bytes(0x71, index)) },
  { weight: 4, arbitrary: fc.nat(3).map((index) => bytes(0x68, index)) },
  { weight: 3, arbitrary: fc.integer({ min: -2, max: 30 }).map((value) => op.int(value)) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => op.long(value)) },
  { weight: 2, arbitrary: fc.constantFrom('storage', 'cpu', '0', 'a', 'state_dict').map((text) => op.text(text)) },
  { weight: 1, arbitrary: hostileString.map((text) => op.text(text)) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<[string, string]>(
        ['collections', 'OrderedDict'],
        ['torch._utils', '_rebuild_tensor_v2'],
        ['torch._utils', '_rebuild_parameter'],
        ['torch', 'FloatStorage'],
        ['os', 'system'],
      )
      .map(([module, name]) => op.global(module, name)),
  },
  { weight: 2, arbitrary: fc.constant(tensorPickle({ elements: 6, shape: [2, 3] })) },
  { weight: 1, arbitrary: fc.nat(2 ** 21).map((index) => join(bytes(0x72), u32(index))) },
);

const programs = fc
  .tuple(fc.array(opcode, { maxLength: 60 }), fc.integer({ min: 1, max: 300 }))
  .map(([codes, times]) => join(op.proto, ...Array<Uint8Array>(times).fill(join(...codes)), op.stop));

const entry = fc.record({
  name: fc.oneof(
    fc.constantFrom('x/data.pkl', 'x/data/0', 'x/byteorder', 'x/version', 'y/data.pkl', 'x/constants.pkl'),
    hostileString,
  ),
  data: fc.oneof(fc.constantFrom(...pickles), fc.uint8Array({ maxLength: 30 }), fc.constant(new Uint8Array(24))),
  size: rarely(fc.nat()),
  offset: rarely(fc.nat(2000)),
  flags: rarely(fc.nat(3)),
});

export const pytorch = [
  target('pytorch file', bytesLike(files), check),
  target('zip directory, end', bytesLike(files, -400), check),
  target(
    'zip directory, entries',
    fc.tuple(fc.array(entry, { maxLength: 8 }), fc.string({ maxLength: 5 })),
    ([entries, note]) => check(archive(entries, note)),
  ),
  target('pickle, changed', bytesLike(pickles), (pickle) => check(torchFile(pickle))),
  target('pickle, random', programs, async (pickle) => {
    await check(torchFile(pickle));
    const globals = [
      new PickleGlobal('collections.OrderedDict', () => new Map()),
      new PickleGlobal('torch.FloatStorage'),
    ];
    await accepted(() => unpickle(pickle, { globals, persistent: () => ({}), path: 'a.bin' }));
  }),
];
