/** Collects a network's nodes and parameters while the network is walked. Shapes are static, and known for every value. */
import { type ElementType, elementType } from '../../shared/dtypes';
import { float32ToFloat16 } from '../../shared/float16';
import { at } from '../at';
import type { Device, Dtype } from '../types';
import type { Attributes, InlineTensor, Node, Value } from './onnx';

export type { Value };

/** What a graph is written for. */
export interface Target {
  readonly device: Device;
  readonly dtype: Dtype;
}

/** An initializer that is read from the checkpoint: `shape` and `type` are those in the graph. */
export interface ParameterUse extends Value {
  readonly type: Dtype;
  /** The tensor's name in the checkpoint. */
  readonly tensor: string;
  /** First element and number of elements within the tensor, row-major. */
  readonly firstElement: number;
  readonly elements: number;
}

/** What the caller feeds: float32 or ids, whatever type the graph computes in. */
export interface Input extends Value {
  readonly type: 'float32' | 'int32';
}

/** A network as a graph without weights: initializers only name tensors of a checkpoint. */
export interface NetworkGraph {
  readonly name: string;
  readonly target: Target;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Input[];
  readonly outputs: readonly Value[];
  readonly constants: readonly InlineTensor[];
  readonly uses: readonly ParameterUse[];
  /** The values that the nodes compute, by name. */
  readonly values: ReadonlyMap<string, Value>;
  /** Every tensor of the checkpoint that the network reads, with its required shape. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
}

export const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** The axes of a sequence [batch, length, channels]. */
export const sequence = ({ shape }: Value) => ({ batch: at(shape, 0), length: at(shape, 1), channels: at(shape, 2) });

export interface ParameterOptions {
  /** Another shape for the same bytes. */
  as?: readonly number[];
  /** Rows `[first, first + count)` of the first dimension. */
  rows?: { first: number; count: number };
  /** A type other than the graph's. */
  type?: Dtype;
}

export interface NodeOptions {
  /** '' is ai.onnx. */
  domain?: string;
  /** Shape of the output; the first input's if left out, as is the type. */
  shape?: readonly number[];
  type?: ElementType;
  attributes?: Attributes;
}

/** The state that all scopes of a network share. */
class Draft {
  readonly nodes: Node[] = [];
  readonly inputs: Input[] = [];
  readonly outputs: Value[] = [];
  readonly constants = new Map<string, InlineTensor>();
  readonly uses = new Map<string, ParameterUse>();
  readonly values = new Map<string, Value>();
  readonly parameters = new Map<string, readonly number[]>();
}

/** One of a network's modules: it names its parameters relative to itself, as PyTorch's modules do. */
export class Scope {
  constructor(
    readonly target: Target,
    protected readonly draft: Draft,
    private readonly prefix = '',
  ) {}

  /** A module within this one: `at('attn1')`, or `at('resnets', 0)` of a ModuleList. */
  at(...path: readonly (string | number)[]): Scope {
    return new Scope(this.target, this.draft, `${this.prefix}${path.join('.')}.`);
  }

  /** The module's tensor `name`, of shape `shape` in the checkpoint. */
  parameter(name: string, shape: readonly number[], options: ParameterOptions = {}): Value {
    const { rows, type = this.target.dtype } = options;
    const tensor = this.prefix + name;
    const taken = rows ? [rows.count, ...shape.slice(1)] : shape;
    const part = rows ? `[${rows.first}:${rows.first + rows.count}]` : '';
    const use: ParameterUse = {
      name: tensor + part + (type === this.target.dtype ? '' : `.${type}`),
      type,
      shape: options.as ?? taken,
      tensor,
      firstElement: rows ? rows.first * size(shape.slice(1)) : 0,
      elements: size(taken),
    };
    this.draft.parameters.set(tensor, shape);
    this.draft.uses.set(use.name, use);
    return use;
  }

  ints(values: readonly number[]): Value {
    return this.#constant('int64', [values.length], BigInt64Array.from(values, BigInt).buffer);
  }

  /** A constant of float values, in the graph's type unless another is given. */
  floats(values: Float32Array, shape: readonly number[] = [values.length], type = this.target.dtype): Value {
    return this.#constant(type, shape, (type === 'float16' ? float32ToFloat16(values) : values.slice()).buffer);
  }

  #constant(type: ElementType, shape: readonly number[], bytes: ArrayBuffer): Value {
    const { constants } = this.draft;
    const data = new Uint8Array(bytes);
    const content = data.length <= 64 ? data.join('.') : `#${constants.size}`;
    const name = `constant.${type}.${shape.join('x')}.${content}`;
    const constant = constants.get(name) ?? { name, type, shape, data };
    constants.set(name, constant);
    return constant;
  }

  /** A node with one output; an input that is left out is undefined. */
  node(opType: string, inputs: readonly (Value | undefined)[], options: NodeOptions = {}): Value {
    const first = at(inputs, 0);
    const { domain = '', shape = first.shape, type = first.type, attributes = {} } = options;
    const { nodes, values } = this.draft;
    const output = { name: `${opType}.${nodes.length}`, type, shape };
    nodes.push({ opType, domain, inputs: inputs.map((input) => input?.name ?? ''), output: output.name, attributes });
    values.set(output.name, output);
    return output;
  }

  reshape(value: Value, shape: readonly number[]): Value {
    if (size(shape) !== size(value.shape)) throw new Error(`Cannot reshape [${value.shape}] to [${shape}].`);
    if (shape.length === value.shape.length && shape.every((n, i) => n === value.shape[i])) return value;
    return this.node('Reshape', [value, this.ints(shape)], { shape });
  }

  transpose(value: Value, perm: readonly number[]): Value {
    const shape = perm.map((axis) => at(value.shape, axis));
    // if only axes of size 1 move, the bytes stay in place, and a Reshape costs nothing
    const moved = perm.filter((axis) => value.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > at(moved, i - 1))) return this.reshape(value, shape);
    return this.node('Transpose', [value], { shape, attributes: { perm } });
  }

  /** Elementwise, broadcast to the larger operand. */
  add(a: Value, b: Value): Value {
    return this.node('Add', [a, b], { shape: larger(a, b) });
  }

  mul(a: Value, b: Value): Value {
    return this.node('Mul', [a, b], { shape: larger(a, b) });
  }

  cast(value: Value, type: ElementType): Value {
    if (value.type === type) return value;
    return this.node('Cast', [value], { type, attributes: { to: elementType(type).onnx } });
  }
}

const larger = (a: Value, b: Value) => (size(a.shape) >= size(b.shape) ? a.shape : b.shape);

/** The scope of a whole network. */
export class GraphBuilder extends Scope {
  readonly #name: string;

  constructor(name: string, target: Target) {
    super(target, new Draft());
    this.#name = name;
  }

  input(name: string, type: Input['type'], shape: readonly number[]): Value {
    const value = { name, type, shape };
    this.draft.inputs.push(value);
    return type === 'float32' ? this.cast(value, this.target.dtype) : value;
  }

  /** Names an output of the network; it is always float32. */
  output(name: string, value: Value): void {
    const { name: input, type, shape } = this.cast(value, 'float32');
    const output = { name, type, shape };
    this.draft.nodes.push({ opType: 'Identity', domain: '', inputs: [input], output: name, attributes: {} });
    this.draft.values.set(name, output);
    this.draft.outputs.push(output);
  }

  finish(): NetworkGraph {
    const { constants, uses, ...rest } = this.draft;
    return {
      name: this.#name,
      target: this.target,
      ...rest,
      constants: [...constants.values()],
      uses: [...uses.values()],
    };
  }
}
