import { describe, expect, it } from 'vitest';
import { ascii, bytes, join, op, u32 } from '../../tests/torch-archive';
import { PickleGlobal, unpickle } from './pickle';

const path = 'unet/weights.bin';
const orderedDict = new PickleGlobal('collections.OrderedDict', () => new Map());
const floatStorage = new PickleGlobal('torch.FloatStorage');

function read(...parts: Uint8Array[]): unknown {
  const persistent = (id: unknown) => ({ id });
  return unpickle(join(op.proto, ...parts), { globals: [orderedDict, floatStorage], persistent, path });
}

function refusal(message: string) {
  return expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(message) });
}

describe('plain data', () => {
  // output of pickle.dumps(value, protocol=2) in Python 3.11
  it.each<[string, unknown]>([
    ['80024e2e', null],
    ['8002882e', true],
    ['80024bff2e', 255],
    ['80024de8032e', 1000],
    ['80024af0d8ffff2e', -10_000],
    ['80028a0600a0724e18092e', 10_000_000_000_000],
    ['80028a0800000000000000802e', -(2n ** 63n)],
    ['80028a090000000000000000012e', 2n ** 64n],
    ['800247bff80000000000002e', -1.5],
    ['80025802000000c3a971002e', 'é'],
    ['8002292e', []],
    ['80024b014b028671002e', [1, 2]],
    ['8002284b014b024b034b047471002e', [1, 2, 3, 4]],
    ['80025d7100284b014b02652e', [1, 2]],
    ['80025d71004b01612e', [1]],
    ['80027d71002858010000006171014b0158010000006271024b02752e', new Map(Object.entries({ a: 1, b: 2 }))],
    ['80027d710058010000006171014e732e', new Map([['a', null]])],
    // Python 2
    ['8002550268692e', 'hi'],
  ])('%s', (hex, expected) => {
    const pickle = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    expect(unpickle(pickle, { globals: [], persistent: () => undefined, path })).toEqual(expected);
  });

  it('remembers values, as the same value', () => {
    // a list that is put into a tuple twice, and into itself
    const value = read(
      bytes(0x5d, 0x71, 7, 0x68, 7, 0x72),
      u32(1000),
      bytes(0x61, 0x68, 7, 0x6a),
      u32(1000),
      bytes(0x86),
      op.stop,
    );
    expect(Array.isArray(value) && value[0] === value[1] && value[0][0] === value[0]).toBe(true);
  });

  it('makes what it is told to, and drops the attributes of an OrderedDict', () => {
    const made = read(
      op.global('collections', 'OrderedDict'),
      op.emptyTuple,
      op.reduce,
      op.text('a'),
      op.int(1),
      op.setItem,
      bytes(0x7d, 0x62),
      op.stop,
    );
    expect(made).toEqual(new Map([['a', 1]]));
    expect(read(op.text('id'), op.persistentId, op.stop)).toEqual({ id: 'id' });
  });
});

describe('what could do harm', () => {
  const system = op.global('os', 'system');
  const command = join(op.mark, op.text('id'), op.tuple);

  it.each<[string, Uint8Array[], string]>([
    ['os.system', [system, command, op.reduce, op.stop], 'os.system'],
    ['a name that is only referred to', [op.global('builtins', 'eval'), op.stop], 'builtins.eval'],
    ['a name behind a dot', [op.global('torch', 'os.system'), op.stop], 'torch.os.system'],
    ['a name every object has', [op.global('__proto__', 'constructor'), op.stop], '__proto__.constructor'],
    [
      'a call of what is no function',
      [op.global('torch', 'FloatStorage'), op.emptyTuple, op.reduce],
      'calls torch.FloatStorage',
    ],
    ['a call of a text', [op.text('eval'), op.emptyTuple, op.reduce], 'not a name'],
    ['a call with what is no tuple', [op.global('collections', 'OrderedDict'), op.int(1), op.reduce], 'OrderedDict'],
    ['STACK_GLOBAL', [op.text('os'), op.text('system'), bytes(0x93)], '0x93 (STACK_GLOBAL)'],
    ['INST', [op.mark, bytes(0x69), ascii('os\nsystem\n')], '0x69 (INST)'],
    ['OBJ', [op.mark, bytes(0x6f)], '0x6f (OBJ)'],
    ['NEWOBJ', [op.global('collections', 'OrderedDict'), op.emptyTuple, bytes(0x81)], '0x81 (NEWOBJ)'],
    ['an extension', [bytes(0x82, 1)], '0x82 (EXT1)'],
    ['an opcode that does not exist', [bytes(0xff)], '0xff is not allowed'],
    ['attributes of a list', [bytes(0x5d), bytes(0x7d, 0x62)], 'attributes'],
    ['attributes of a class', [op.global('collections', 'OrderedDict'), bytes(0x7d, 0x62)], 'attributes'],
  ])('is refused: %s', (_, parts, message) => {
    expect(() => read(...parts)).toThrow(refusal(message));
  });
});

describe('what would cost more than its length', () => {
  const put = (index: number) => join(bytes(0x72), u32(index));
  const get = (index: number) => join(bytes(0x6a), u32(index));

  it('a key of a dict that is a list, in itself many times', () => {
    const levels = Array.from({ length: 40 }, (_, i) => [get(i), bytes(0x86), put(i + 1)]);
    const key = [bytes(0x5d), put(0), ...levels.flat()];
    expect(() => read(op.emptyDict, ...key, op.int(1), op.setItem, op.stop)).toThrow(refusal('key of a dict'));
    expect(() => read(op.emptyDict, op.mark, ...key, op.int(1), op.setItems, op.stop)).toThrow(
      refusal('key of a dict'),
    );
  });

  it.each(['an object', 'a persistent id'])('%s of many values', (what) => {
    const args = (count: number) => [op.mark, ...Array<Uint8Array>(count).fill(op.int(9)), op.tuple];
    const make = (count: number) =>
      what === 'an object'
        ? read(op.global('collections', 'OrderedDict'), ...args(count), op.reduce, op.stop)
        : read(...args(count), op.persistentId, op.stop);
    expect(() => make(8)).not.toThrow();
    expect(() => make(9)).toThrow(refusal('makes something from 9 values'));
  });

  it.each([
    ['lists', bytes(0x5d)],
    ['dicts', op.emptyDict],
    ['tuples', op.emptyTuple],
    ['objects', join(get(1), get(2), op.reduce)],
  ])('a million %s', (_, one) => {
    const shared = join(op.global('collections', 'OrderedDict'), put(1), op.emptyTuple, put(2), op.tuple);
    const batch = join(op.mark, ...Array<Uint8Array>(10_000).fill(one), bytes(0x65));
    const parts = [bytes(0x5d), op.mark, shared, bytes(0x61), ...Array<Uint8Array>(100).fill(batch)];
    expect(() => read(...parts, op.stop)).toThrow(refusal('more than 262144'));
  });

  it('a name of thousands of letters, in the message', () => {
    expect(() => read(op.global('x'.repeat(250), 'y'.repeat(250)))).toThrow(/^.{250,350}$/);
  });
});

describe('what is damaged', () => {
  const long = 2 ** 17;

  it.each<[string, Uint8Array[], string]>([
    ['nothing more', [], 'ends in the middle'],
    ['a text of 4 GB', [bytes(0x58, 0xff, 0xff, 0xff, 0xff, 0x61)], 'ends in the middle'],
    ['a number that is cut off', [bytes(0x8a, 200, 1)], 'ends in the middle'],
    ['a double that is cut off', [bytes(0x47, 1)], 'ends in the middle'],
    ['an empty stack', [bytes(0x86)], 'empty stack'],
    ['a stop without a value', [op.stop], 'empty stack'],
    ['a value from below a mark', [op.int(1), op.mark, bytes(0x85)], 'empty stack'],
    ['no mark', [op.int(1), op.tuple], 'mark'],
    ['nothing remembered', [bytes(0x68, 3)], 'value 3'],
    ['items of a list', [bytes(0x5d), op.text('a'), op.int(1), op.setItem], 'not a dict'],
    ['a key without a value', [op.emptyDict, op.mark, op.text('a'), op.setItems], 'not a dict'],
    ['an item for a dict', [op.emptyDict, op.int(1), bytes(0x61)], 'not a list'],
    ['text that is not UTF-8', [bytes(0x58, 1, 0, 0, 0, 0xff)], 'UTF-8'],
    ['a name without end', [bytes(0x63), ascii('x'.repeat(1000))], 'name'],
    ['a hundred thousand values', [new Uint8Array(long).fill(0x4e)], 'stacks more than'],
    ['a hundred thousand marks', [new Uint8Array(long).fill(0x28)], 'stacks more than'],
    ['another protocol', [bytes(0x80, 4)], 'protocol 4'],
  ])('is refused: %s', (_, parts, message) => {
    expect(() => read(...parts)).toThrow(refusal(message));
  });
});
