/** How much a network computes in one run, counted from its graph. */
import { at } from '../at';
import { type NetworkGraph, sequence, size } from './builder';
import type { Node, Value } from './onnx';

/**
 * Floating-point operations of one run: two for each multiplication whose product is added up, in convolutions, matrix products
 * and attention. The rest (norms, activations, sums) is under a hundredth, and bound by memory.
 */
export function networkFlops(graph: NetworkGraph): number {
  const named = [...graph.inputs, ...graph.constants, ...graph.uses].map((value) => [value.name, value] as const);
  const values = new Map<string, Value>([...graph.values, ...named]);
  return graph.nodes.reduce((sum, node) => sum + flopsOf(node, values), 0);
}

function flopsOf({ opType, inputs, output, attributes }: Node, values: ReadonlyMap<string, Value>): number {
  const operand = (index: number): Value => {
    const name = at(inputs, index);
    const value = values.get(name);
    if (!value) throw new Error(`${opType} reads ${name}, which nothing computes.`);
    return value;
  };
  const outputs = () => size(values.get(output)?.shape ?? []);
  switch (opType) {
    case 'Conv':
      // its weight is [out, in, height, width] in every layout of the picture
      return 2 * outputs() * size(operand(1).shape.slice(1));
    case 'Gemm':
      return 2 * outputs() * at(operand(0).shape, attributes.transA ? 0 : 1);
    case 'MatMul':
      return 2 * outputs() * at(operand(0).shape, -1);
    case 'MultiHeadAttention': {
      const { batch, length, channels } = sequence(operand(0));
      // scores, and the sums of values that they weight
      return 2 * 2 * batch * length * sequence(operand(1)).length * channels;
    }
    default:
      return 0;
  }
}
