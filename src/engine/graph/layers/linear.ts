/** Layers whose weight is a matrix. */
import { at } from '../../at';
import { type Scope, size, type Value } from '../builder';
import { activation } from './activation';

/** torch.nn.Embedding of `ids` [1, length]: [1, length, channels]. */
export function embedding(s: Scope, ids: Value, count: number, channels: number): Value {
  const table = s.parameter('weight', [count, channels]);
  return s.node('Gather', [table, ids], { shape: [...ids.shape, channels], attributes: { axis: 0 } });
}

export interface LinearOptions {
  bias?: boolean;
  /** Only these output features: rows of the weight. */
  rows?: { first: number; count: number };
}

/** torch.nn.Linear over the last axis, with the weight [out, in] as stored in the file. */
export function linear(s: Scope, x: Value, outFeatures: number, { bias = true, rows }: LinearOptions = {}): Value {
  const inFeatures = at(x.shape, -1);
  const outer = x.shape.slice(0, -1);
  const flat = s.reshape(x, [size(outer), inFeatures]);
  const inputs = [flat, s.parameter('weight', [outFeatures, inFeatures], { rows })];
  if (bias) inputs.push(s.parameter('bias', [outFeatures], { rows }));
  const out = rows?.count ?? outFeatures;
  const product = s.node('Gemm', inputs, { shape: [size(outer), out], attributes: { transB: 1 } });
  return s.reshape(product, [...outer, out]);
}

/** Number of inner elements from which a feed-forward is computed in parts. */
const LARGE_INNER = 2 ** 23;

/**
 * diffusers' FeedForward with GEGLU. The halves of the projection are separate products: together they could exceed a binding
 * limit. A large x is processed in as many parts as the inner values are wider than it, because they would be the largest of the
 * network; in parts, they have the size of x.
 */
export function feedForward(s: Scope, x: Value): Value {
  const channels = at(x.shape, -1);
  const widening = 4;
  const inner = channels * widening;
  const half = (of: Value, first: number) =>
    linear(s.at('net', 0, 'proj'), of, inner * 2, { rows: { first, count: inner } });
  const through = (of: Value) =>
    linear(s.at('net', 2), s.mul(half(of, 0), activation(s, half(of, inner), 'gelu')), channels);
  if (size(x.shape) * widening < LARGE_INNER) return through(x);
  const count = size(x.shape) / channels;
  const rows = s.reshape(x, [count, channels]);
  const each = Math.ceil(count / widening);
  const parts = Array.from({ length: Math.ceil(count / each) }, (_, part) => {
    const [first, end] = [part * each, Math.min((part + 1) * each, count)];
    const inputs = [rows, s.ints([first]), s.ints([end]), s.ints([0])];
    return through(s.node('Slice', inputs, { shape: [end - first, channels] }));
  });
  return s.reshape(s.node('Concat', parts, { shape: rows.shape, attributes: { axis: 0 } }), x.shape);
}
