import { type Scope, sequence, type Value } from '../builder';

/** Attention of queries [B, L, heads * d] over keys and values [B, S, heads * d], scaled by 1 / sqrt(d), no mask. */
export function attention(s: Scope, query: Value, key: Value, value: Value, heads: number): Value {
  const options = { domain: 'com.microsoft', attributes: { num_heads: heads } };
  return s.node('MultiHeadAttention', [query, key, value], options);
}

/** Attention written out as its formula, for heads too wide for the fused kernel, with an optional mask added to the scores. */
export function plainAttention(s: Scope, query: Value, key: Value, value: Value, heads: number, mask?: Value): Value {
  const { batch, length, channels } = sequence(query);
  const keys = sequence(key).length;
  const d = channels / heads;
  const split = (x: Value, permutation: readonly number[]) =>
    s.transpose(s.reshape(x, [batch, sequence(x).length, heads, d]), permutation);
  const q = s.mul(split(query, [0, 2, 1, 3]), s.floats(Float32Array.of(d ** -0.5)));
  const product = s.node('MatMul', [q, split(key, [0, 2, 3, 1])], { shape: [batch, heads, length, keys] });
  const scores = mask ? s.add(product, mask) : product;
  const weights = s.node('Softmax', [scores], { attributes: { axis: -1 } });
  const mixed = s.node('MatMul', [weights, split(value, [0, 2, 1, 3])], { shape: [batch, heads, length, d] });
  return s.reshape(s.transpose(mixed, [0, 2, 1, 3]), query.shape);
}

/** Mask of [1, 1, length, length]: 0 where a position may attend, −10000 (safe in float16) where it would see the future. */
export function causalMask(s: Scope, length: number): Value {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(-10000, row * length + row + 1, (row + 1) * length);
  return s.floats(mask, [1, 1, length, length]);
}
