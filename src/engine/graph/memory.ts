/** How much memory a network needs on its device, computed from its graph. */
import { elementType } from '../../shared/dtypes';
import { at } from '../at';
import { type NetworkGraph, sequence, size } from './builder';
import type { Node, Value } from './onnx';

/** onnxruntime rounds its buffers up to this. */
const ALIGNMENT = 16;

const bytesOf = ({ type, shape }: Value): number =>
  Math.ceil((size(shape) * elementType(type).bytes) / ALIGNMENT) * ALIGNMENT;

/** Nodes that pass on their first input's buffer under another name. */
const aliasing = new Set(['Reshape', 'Identity']);

export interface NetworkMemory {
  /** Bytes of all weights. */
  weights: number;
  /** Bytes of the buffers that hold computed values. */
  activations: number;
  /** Additional working memory of the most demanding node, in bytes. */
  scratch: number;
  /** Bytes of the largest single buffer. */
  largest: number;
}

/**
 * Walks the nodes in order, and gives every value a buffer that becomes free after its last use. A buffer is reused only for a
 * value of the same size, and none is released before the session ends, as in onnxruntime (storageBufferCacheMode "simple").
 */
export function networkMemory(graph: NetworkGraph): NetworkMemory {
  const owner = new Map<string, string>();
  const lastUse = new Map<string, number>();
  for (const [index, { opType, inputs, output }] of graph.nodes.entries()) {
    const first = at(inputs, 0);
    owner.set(output, aliasing.has(opType) ? (owner.get(first) ?? first) : output);
    for (const input of inputs) lastUse.set(owner.get(input) ?? input, index);
  }
  const buffers = new BufferPool();
  const values = new Map([...graph.values, ...graph.inputs.map((input) => [input.name, input] as const)]);
  for (const input of graph.inputs) buffers.take(bytesOf(input));
  for (const [index, { inputs, output }] of graph.nodes.entries()) {
    const value = values.get(output);
    if (value && owner.get(output) === output) buffers.take(bytesOf(value));
    for (const input of new Set(inputs.map((name) => owner.get(name) ?? name))) {
      const read = values.get(input);
      if (read && lastUse.get(input) === index) buffers.give(bytesOf(read));
    }
  }
  const weights = graph.uses.map(bytesOf);
  return {
    weights: weights.reduce((sum, bytes) => sum + bytes, 0),
    activations: buffers.bytes,
    scratch: graph.nodes.reduce((most, node) => Math.max(most, scratchOf(node, graph, values)), 0),
    largest: [...values.values()]
      .map(bytesOf)
      .concat(weights)
      .reduce((a, b) => Math.max(a, b), 0),
  };
}

/**
 * The wasm provider's attention stores every score, and copies query, key and value head by head: it does not know the size of
 * the L2 cache, without which onnxruntime does not use tiles (contrib_ops/cpu/bert/multihead_attention.cc). WebGPU's does.
 */
function scratchOf(node: Node, { target }: NetworkGraph, values: ReadonlyMap<string, Value>): number {
  const { num_heads: heads } = node.attributes;
  if (node.opType !== 'MultiHeadAttention' || target.device !== 'wasm' || typeof heads !== 'number') return 0;
  const operands = node.inputs.flatMap((name) => values.get(name) ?? []);
  const [query, key] = [sequence(at(operands, 0)), sequence(at(operands, 1))];
  const scores = query.batch * heads * query.length * key.length * elementType(target.dtype).bytes;
  return scores + operands.reduce((sum, operand) => sum + bytesOf(operand), 0);
}

class BufferPool {
  readonly #free = new Map<number, number>();
  bytes = 0;

  take(size: number): void {
    const free = this.#free.get(size) ?? 0;
    if (free > 0) this.#free.set(size, free - 1);
    else this.bytes += size;
  }

  give(size: number): void {
    this.#free.set(size, (this.#free.get(size) ?? 0) + 1);
  }
}
