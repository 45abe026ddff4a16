/** Collects a network's nodes and parameters while the network is walked. Shapes are static and known at every value. */
import type { Device, Dtype } from '../types';
import type { Attributes, ElementType, InlineTensor, Node, TensorInfo } from './onnx';

/** What a graph is written for. */
export interface Target {
  readonly device: Device;
  readonly dtype: Dtype;
}

export interface Value extends TensorInfo {}

/** An initializer that is read from the checkpoint: `shape` and `type` as the graph wants them. */
export interface ParameterUse extends TensorInfo {
  /** The tensor's name in the checkpoint. */
  readonly tensor: string;
  /** First element and number of elements within the tensor, row-major. */
  readonly firstElement: number;
  readonly elements: number;
}

/** A network as a graph without bytes: initializers still name tensors of a checkpoint. */
export interface NetworkGraph {
  readonly name: string;
  readonly target: Target;
  readonly nodes: readonly Node[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly constants: readonly InlineTensor[];
  readonly uses: readonly ParameterUse[];
  /** What the nodes compute, by name. */
  readonly values: ReadonlyMap<string, TensorInfo>;
  /** Every tensor of the checkpoint that the network reads, with the shape it must have there. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
}

export const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export interface ParameterOptions {
  /** The same bytes under another shape. */
  as?: readonly number[];
  /** Rows `[first, first + count)` of the first dimension. */
  rows?: { first: number; count: number };
  /** Another type than the graph's. */
  type?: ElementType;
}

export class GraphBuilder {
  readonly target: Target;
  readonly #name: string;
  readonly #nodes: Node[] = [];
  readonly #values = new Map<string, TensorInfo>();
  readonly #inputs: TensorInfo[] = [];
  readonly #outputs: TensorInfo[] = [];
  readonly #constants = new Map<string, InlineTensor>();
  readonly #uses = new Map<string, ParameterUse>();
  readonly #parameters = new Map<string, readonly number[]>();

  constructor(name: string, target: Target) {
    this.#name = name;
    this.target = target;
  }

  /** Inputs are float32 (or ids) for the caller, whatever the graph computes in. */
  input(name: string, type: 'float32' | 'int32', shape: readonly number[]): Value {
    const value = { name, type, shape };
    this.#inputs.push(value);
    return type === 'float32' ? this.cast(value, this.target.dtype) : value;
  }

  /** The checkpoint's tensor `name` of shape `shape`. */
  parameter(name: string, shape: readonly number[], options: ParameterOptions = {}): Value {
    this.#parameters.set(name, shape);
    const { rows, type = this.target.dtype } = options;
    const rowElements = size(shape.slice(1));
    const taken = rows ? [rows.count, ...shape.slice(1)] : shape;
    const key = `${name}${rows ? `[${rows.first}:${rows.first + rows.count}]` : ''}${type === this.target.dtype ? '' : `.${type}`}`;
    const use: ParameterUse = {
      name: key,
      type,
      shape: options.as ?? taken,
      tensor: name,
      firstElement: (rows?.first ?? 0) * rowElements,
      elements: size(taken),
    };
    this.#uses.set(key, use);
    return use;
  }

  /** A tensor that is part of the checkpoint but not of the computation. */
  unusedParameter(name: string, shape: readonly number[]): void {
    this.#parameters.set(name, shape);
  }

  ints(values: readonly number[]): Value {
    return this.#constant('int64', [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  }

  floats(values: Float32Array, shape: readonly number[] = [values.length]): Value {
    return this.#constant('float32', shape, new Uint8Array(values.slice().buffer));
  }

  halfs(values: Uint16Array, shape: readonly number[]): Value {
    return this.#constant('float16', shape, new Uint8Array(values.slice().buffer));
  }

  #constant(type: ElementType, shape: readonly number[], data: Uint8Array): Value {
    const content = data.length <= 64 ? data.join('.') : `#${this.#constants.size}`;
    const name = `constant.${type}.${shape.join('x')}.${content}`;
    const known = this.#constants.get(name);
    if (known) return known;
    const constant = { name, type, shape, data };
    this.#constants.set(name, constant);
    return constant;
  }

  /** A node with one output of the given shape; `type` defaults to that of the first input. */
  node(
    opType: string,
    inputs: readonly (Value | undefined)[],
    shape: readonly number[],
    attributes: Attributes = {},
    options: { domain?: string; type?: ElementType } = {},
  ): Value {
    const type = options.type ?? inputs[0]?.type ?? this.target.dtype;
    const output = { name: `${opType}.${this.#nodes.length}`, type, shape };
    this.#nodes.push({
      opType,
      domain: options.domain ?? '',
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: [output.name],
      attributes,
    });
    this.#values.set(output.name, output);
    return output;
  }

  reshape(value: Value, shape: readonly number[]): Value {
    if (size(shape) !== size(value.shape)) throw new Error(`Cannot reshape [${value.shape}] to [${shape}].`);
    if (shape.length === value.shape.length && shape.every((n, i) => n === value.shape[i])) return value;
    return this.node('Reshape', [value, this.ints(shape)], shape);
  }

  transpose(value: Value, permutation: readonly number[]): Value {
    const shape = permutation.map((axis) => value.shape[axis] ?? 0);
    // where only axes of size 1 change places the bytes stay, and a Reshape costs nothing
    const moved = permutation.filter((axis) => value.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0))) return this.reshape(value, shape);
    return this.node('Transpose', [value], shape, { perm: permutation });
  }

  /** Elementwise, broadcast to the larger operand. */
  add(a: Value, b: Value): Value {
    return this.node('Add', [a, b], size(a.shape) >= size(b.shape) ? a.shape : b.shape);
  }

  mul(a: Value, b: Value): Value {
    return this.node('Mul', [a, b], size(a.shape) >= size(b.shape) ? a.shape : b.shape);
  }

  cast(value: Value, type: ElementType): Value {
    if (value.type === type) return value;
    return this.node(
      'Cast',
      [value],
      value.shape,
      { to: { float32: 1, int32: 6, int64: 7, float16: 10 }[type] },
      { type },
    );
  }

  /** Names an output of the network; it is always float32. */
  output(name: string, value: Value): void {
    const result = this.cast(value, 'float32');
    const output = { name, type: result.type, shape: result.shape };
    this.#nodes.push({ opType: 'Identity', domain: '', inputs: [result.name], outputs: [name], attributes: {} });
    this.#values.set(name, output);
    this.#outputs.push(output);
  }

  finish(): NetworkGraph {
    return {
      name: this.#name,
      target: this.target,
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      constants: [...this.#constants.values()],
      uses: [...this.#uses.values()],
      values: this.#values,
      parameters: this.#parameters,
    };
  }
}
