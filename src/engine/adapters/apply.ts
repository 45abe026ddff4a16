/**
 * Adds an adapter's products to a network: W + scale · up · down is computed in the graph, from the weights as stored in both
 * files. Source: Hu et al., arXiv 2106.09685. Why in the graph, and what the alternatives cost:
 * docs/decisions/adapters-in-the-graph.md.
 */
import { type NetworkGraph, type ParameterUse, size } from '../graph/builder';
import type { InlineTensor, Node, Value } from '../graph/onnx';

/** A product that is added to a weight; tensors are named as among the component's weights. */
export interface Delta {
  readonly up: string;
  readonly down: string;
  readonly rank: number;
  readonly scale: number;
}

/** Products by the name of the weight; each weight may have several. */
export type Deltas = ReadonlyMap<string, readonly Delta[]>;

/** The same network with other weights. Its layers are unaffected: what read a weight now reads the sum under the same name. */
export function addDeltas(graph: NetworkGraph, deltas: Deltas): NetworkGraph {
  if (deltas.size === 0) return graph;
  const uses = new Map<string, ParameterUse>();
  const values = new Map(graph.values);
  const constants = new Map(graph.constants.map((constant) => [constant.name, constant]));
  /** Nodes that have to be computed before a weight can be read, by the weight's name. */
  const sums = new Map<string, Node[]>();
  for (const use of graph.uses) {
    const own = deltas.get(use.tensor) ?? [];
    const whole = graph.parameters.get(use.tensor);
    if (own.length === 0 || !whole) {
      uses.set(use.name, use);
      continue;
    }
    // as matrices: every kind of weight is [out, everything else], and a part of one is some of its rows
    const columns = size(whole.slice(1));
    const first = use.firstElement / columns;
    const rows = use.elements / columns;
    const nodes: Node[] = [];
    let sum: Value = read(uses, { ...use, name: `${use.name}.base`, shape: [rows, columns] });
    for (const [index, { up, down, rank, scale }] of own.entries()) {
      const { type } = use;
      const tall = { name: `${up}[${first}:${first + rows}]`, type, tensor: up, shape: [rows, rank] };
      const wide = {
        name: down,
        type,
        tensor: down,
        shape: [rank, columns],
        firstElement: 0,
        elements: rank * columns,
      };
      const inputs = [
        read(uses, { ...tall, firstElement: first * rank, elements: rows * rank }),
        read(uses, wide),
        sum,
      ];
      sum = { name: `${use.name}.sum.${index}`, type, shape: [rows, columns] };
      values.set(sum.name, sum);
      const attributes = { alpha: { float: scale } };
      nodes.push({ opType: 'Gemm', domain: '', inputs: inputs.map(({ name }) => name), output: sum.name, attributes });
    }
    const shape = shapeConstant(use.shape);
    constants.set(shape.name, shape);
    values.set(use.name, use);
    nodes.push({ opType: 'Reshape', domain: '', inputs: [sum.name, shape.name], output: use.name, attributes: {} });
    sums.set(use.name, nodes);
  }
  // just before their first reader, so that few sums are in memory at a time
  const nodes = graph.nodes.flatMap((node) => {
    const before = node.inputs.flatMap((input) => sums.get(input) ?? []);
    for (const input of node.inputs) sums.delete(input);
    return [...before, node];
  });
  return { ...graph, nodes, values, constants: [...constants.values()], uses: [...uses.values()] };
}

function read(uses: Map<string, ParameterUse>, use: ParameterUse): Value {
  uses.set(use.name, use);
  return use;
}

function shapeConstant(shape: readonly number[]): InlineTensor {
  const data = new Uint8Array(BigInt64Array.from(shape, BigInt).buffer);
  return { name: `shape.${shape.join('x')}`, type: 'int64', shape: [shape.length], data };
}
