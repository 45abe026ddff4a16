/** Transformer2DModel and TransformerTemporalModel. Source: diffusers models/transformers/transformer_2d.py, transformer_temporal.py, models/attention.py. */
import type { GraphBuilder, Value } from '../graph/builder';
import {
  addMaps,
  attention,
  type FeatureMap,
  feedForward,
  framesAsRows,
  fromTokens,
  groupNorm,
  layerNorm,
  linear,
  rowsAsFrames,
  toTokens,
} from '../graph/layers';

export interface TransformerOptions {
  heads: number;
  headDim: number;
  groups: number;
}

const NORM_EPS = 1e-6;
const LAYER_NORM_EPS = 1e-5;

/** Multi-head attention with projections: of `x` over itself, or over `context` [videos, S, D], which all frames of a video share. */
function projectedAttention(g: GraphBuilder, x: Value, name: string, heads: number, context?: Value): Value {
  const [batch = 0, length = 0, inner = 0] = x.shape;
  // all frames of a video see the same keys: one long sequence of queries
  const videos = context?.shape[0] ?? batch;
  const source = g.reshape(x, [videos, (batch / videos) * length, inner]);
  const from = context ?? x;
  const query = linear(g, source, `${name}.to_q`, inner, { bias: false });
  const key = linear(g, from, `${name}.to_k`, inner, { bias: false });
  const value = linear(g, from, `${name}.to_v`, inner, { bias: false });
  const mixed = linear(g, attention(g, query, key, value, heads), `${name}.to_out.0`, inner);
  return g.reshape(mixed, x.shape);
}

/** BasicTransformerBlock: self-attention, attention over `context` (or itself again), GEGLU, each added to its input. */
function basicTransformerBlock(g: GraphBuilder, x: Value, name: string, heads: number, context?: Value): Value {
  let h = x;
  h = g.add(h, projectedAttention(g, layerNorm(g, h, `${name}.norm1`, LAYER_NORM_EPS), `${name}.attn1`, heads));
  h = g.add(
    h,
    projectedAttention(g, layerNorm(g, h, `${name}.norm2`, LAYER_NORM_EPS), `${name}.attn2`, heads, context),
  );
  return g.add(h, feedForward(g, layerNorm(g, h, `${name}.norm3`, LAYER_NORM_EPS), `${name}.ff`));
}

/** Attention among the pixels of each frame and over the prompts `context` [videos, tokens, D]. */
export function transformer2d(
  g: GraphBuilder,
  x: FeatureMap,
  name: string,
  { heads, headDim, groups }: TransformerOptions,
  context: Value,
): FeatureMap {
  const normed = groupNorm(g, x, `${name}.norm`, { groups, eps: NORM_EPS });
  let tokens = linear(g, toTokens(g, normed), `${name}.proj_in`, heads * headDim);
  tokens = basicTransformerBlock(g, tokens, `${name}.transformer_blocks.0`, heads, context);
  return addMaps(g, x, fromTokens(g, linear(g, tokens, `${name}.proj_out`, x.channels), x));
}

/** Attention among the frames of each video at each pixel; both attentions look at the same frames. */
export function transformerTemporal(
  g: GraphBuilder,
  x: FeatureMap,
  name: string,
  { heads, headDim, groups }: TransformerOptions,
  videos: number,
): FeatureMap {
  const rows = framesAsRows(g, x, videos);
  const normed = groupNorm(g, rows, `${name}.norm`, { groups, eps: NORM_EPS });
  const { height: frames, width: pixels, channels } = rows;
  // [videos, F * HW, C] → [videos * HW, F, C]
  const byFrame = g.reshape(toTokens(g, normed), [videos, frames, pixels, channels]);
  const sequences = g.reshape(g.transpose(byFrame, [0, 2, 1, 3]), [videos * pixels, frames, channels]);
  let tokens = linear(g, sequences, `${name}.proj_in`, heads * headDim);
  tokens = basicTransformerBlock(g, tokens, `${name}.transformer_blocks.0`, heads);
  const byPixel = g.reshape(linear(g, tokens, `${name}.proj_out`, channels), [videos, pixels, frames, channels]);
  const out = g.reshape(g.transpose(byPixel, [0, 2, 1, 3]), [videos, frames * pixels, channels]);
  return addMaps(g, x, rowsAsFrames(g, fromTokens(g, out, rows), x));
}
