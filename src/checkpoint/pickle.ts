import { shortened } from '../shared/quote';
import { PickleReader } from './pickle-reader';

/** A name that a pickle may refer to. */
export class PickleGlobal {
  /**
   * @param name including its module, such as `collections.OrderedDict`
   * @param call returns the result of calling it; without it, it cannot be called
   */
  constructor(
    readonly name: string,
    readonly call?: (args: readonly unknown[]) => unknown,
  ) {}
}

export interface UnpickleOptions {
  /** The names that are allowed. */
  globals: readonly PickleGlobal[];
  /**
   * Resolves a persistent id.
   * @throws KinoraError
   */
  persistent: (id: unknown) => unknown;
  /** Path of the file, for messages. */
  path: string;
}

const maxStack = 65_536;
const maxMemo = 1_048_576;
/**
 * Lists, tuples, dicts and results of calls, each of which takes a hundred times the memory of its opcode. A tensor takes eight.
 */
const maxContainers = 262_144;
/** Length of a call's argument tuple, which can be built once and used by every call. _rebuild_tensor_v2 takes seven. */
const maxArguments = 8;

/** Names, for messages, of opcodes that are refused because they are dangerous or because torch.save does not write them. */
const refusedOpcodes: Readonly<Record<number, string>> = {
  48: 'POP',
  50: 'DUP',
  73: 'INT',
  76: 'LONG',
  80: 'PERSID',
  83: 'STRING',
  86: 'UNICODE',
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  140: 'SHORT_BINUNICODE',
  146: 'NEWOBJ_EX',
  147: 'STACK_GLOBAL',
  148: 'MEMOIZE',
  149: 'FRAME',
};

/**
 * Reads a Python pickle of protocol 2, as torch.save writes it, without being able to execute anything: only opcodes that build
 * plain data are implemented, and only the given names resolve. The selection is that of PyTorch's own
 * torch/_weights_only_unpickler.py.
 *
 * Numbers, strings, booleans and None come out as in JavaScript (integers beyond 2^53 as bigint), tuples and lists as arrays,
 * dicts and OrderedDicts as Maps; keys may only be numbers, strings, booleans and None. Attributes of an OrderedDict are dropped.
 * Time and memory grow no faster than the length of the pickle. The result can seem larger: a value that the pickle recalls
 * occurs many times, even inside itself, so code that traverses the result must not go deeper than a state dict does.
 * @throws KinoraError `invalid-checkpoint` naming the opcode or name
 */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): unknown {
  return new Machine(bytes, options).run();
}

class Machine {
  readonly #reader: PickleReader;
  readonly #options: UnpickleOptions;
  readonly #globals: ReadonlyMap<string, PickleGlobal>;
  readonly #stack: unknown[] = [];
  /** Heights of the stack at which a MARK lies. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #containers = 0;

  /** All other opcodes are refused. */
  readonly #opcodes: Readonly<Record<number, () => void>> = {
    128: () => this.#protocol(this.#reader.uint(1)), // PROTO
    78: () => this.#push(null), // NONE
    136: () => this.#push(true), // NEWTRUE
    137: () => this.#push(false), // NEWFALSE
    75: () => this.#push(this.#reader.uint(1)), // BININT1
    77: () => this.#push(this.#reader.uint(2)), // BININT2
    74: () => this.#push(this.#reader.uint(4) | 0), // BININT
    138: () => this.#push(this.#reader.integer(this.#reader.uint(1))), // LONG1
    71: () => this.#push(this.#reader.float()), // BINFLOAT
    88: () => this.#push(this.#reader.text(this.#reader.uint(4))), // BINUNICODE
    85: () => this.#push(this.#reader.text(this.#reader.uint(1))), // SHORT_BINSTRING, from Python 2

    40: () => this.#mark(), // MARK
    41: () => this.#pushContainer([]), // EMPTY_TUPLE
    133: () => this.#pushContainer(this.#popMany(1)), // TUPLE1
    134: () => this.#pushContainer(this.#popMany(2)), // TUPLE2
    135: () => this.#pushContainer(this.#popMany(3)), // TUPLE3
    116: () => this.#pushContainer(this.#popToMark()), // TUPLE
    93: () => this.#pushContainer([]), // EMPTY_LIST
    97: () => this.#append(this.#popMany(1)), // APPEND
    101: () => this.#append(this.#popToMark()), // APPENDS
    125: () => this.#pushContainer(new Map()), // EMPTY_DICT
    115: () => this.#setItems(this.#popMany(2)), // SETITEM
    117: () => this.#setItems(this.#popToMark()), // SETITEMS

    113: () => this.#remember(this.#reader.uint(1)), // BINPUT
    114: () => this.#remember(this.#reader.uint(4)), // LONG_BINPUT
    104: () => this.#recall(this.#reader.uint(1)), // BINGET
    106: () => this.#recall(this.#reader.uint(4)), // LONG_BINGET

    99: () => this.#push(this.#global(`${this.#reader.line()}.${this.#reader.line()}`)), // GLOBAL
    81: () => this.#persistent(), // BINPERSID
    82: () => this.#reduce(), // REDUCE
    98: () => this.#build(), // BUILD
  };

  constructor(bytes: Uint8Array, options: UnpickleOptions) {
    this.#reader = new PickleReader(bytes, options.path);
    this.#options = options;
    this.#globals = new Map(options.globals.map((global) => [global.name, global]));
  }

  run(): unknown {
    for (;;) {
      const opcode = this.#reader.uint(1);
      if (opcode === 0x2e) return this.#pop(); // STOP
      const step = this.#opcodes[opcode];
      if (!step) {
        const name = refusedOpcodes[opcode];
        throw this.#reader.refuse(`opcode 0x${opcode.toString(16)}${name ? ` (${name})` : ''} is not allowed`);
      }
      step();
      if (this.#stack.length > maxStack) throw this.#reader.refuse(`it stacks more than ${maxStack} values`);
    }
  }

  #protocol(version: number): void {
    if (version === 2) return;
    throw this.#reader.refuse(`it is written in pickle protocol ${version}, where torch.save's default, 2, is needed`);
  }

  #reduce(): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!(callable instanceof PickleGlobal) || !callable.call || !Array.isArray(args)) {
      const what = callable instanceof PickleGlobal ? callable.name : 'something that is not a name';
      throw this.#reader.refuse(`it calls ${what}, which is not allowed`);
    }
    this.#pushContainer(callable.call(this.#short(args)));
  }

  #persistent(): void {
    const id = this.#pop();
    this.#pushContainer(this.#options.persistent(Array.isArray(id) ? this.#short(id) : id));
  }

  #short(args: readonly unknown[]): readonly unknown[] {
    if (args.length <= maxArguments) return args;
    throw this.#reader.refuse(
      `it makes something from ${args.length} values, where at most ${maxArguments} are allowed`,
    );
  }

  /** Only OrderedDicts have attributes here (`_metadata`), and these are irrelevant for tensors. */
  #build(): void {
    this.#pop();
    if (!(this.#top() instanceof Map))
      throw this.#reader.refuse('it sets attributes of something other than an OrderedDict');
  }

  #global(name: string): PickleGlobal {
    const global = this.#globals.get(name);
    if (!global) throw this.#reader.refuse(`it refers to ${shortened(name)}, which is not allowed`);
    return global;
  }

  #append(items: unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#reader.refuse('it appends to something that is not a list');
    for (const item of items) list.push(item);
  }

  #setItems(items: unknown[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map) || items.length % 2 === 1)
      throw this.#reader.refuse('it sets items of something that is not a dict');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key === 'object' && key !== null)
        throw this.#reader.refuse('a key of a dict is neither text nor a number');
      dict.set(key, items[i + 1]);
    }
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
    if (this.#memo.size > maxMemo) throw this.#reader.refuse(`it remembers more than ${maxMemo} values`);
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw this.#reader.refuse(`it recalls value ${index}, which it has not remembered`);
    this.#push(this.#memo.get(index));
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pushContainer(value: unknown): void {
    this.#push(value);
    this.#containers++;
    if (this.#containers > maxContainers)
      throw this.#reader.refuse(`it makes more than ${maxContainers} lists and objects`);
  }

  #pop(): unknown {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0))
      throw this.#reader.refuse('it takes a value from an empty stack');
    return this.#stack.at(-1);
  }

  #popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #mark(): void {
    this.#marks.push(this.#stack.length);
    if (this.#marks.length > maxStack) throw this.#reader.refuse(`it stacks more than ${maxStack} marks`);
  }

  #popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#reader.refuse('it goes back to a missing mark');
    return this.#stack.splice(mark);
  }
}
