/**
 * Transformer2DModel and TransformerTemporalModel. Source: diffusers models/transformers/transformer_2d.py,
 * transformer_temporal.py, models/attention.py.
 */
import { type Scope, sequence, type Value } from '../graph/builder';
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

/**
 * Multi-head attention with projections: of `x` over itself, or over `context` [videos, S, D], which all frames of a video share.
 */
function projectedAttention(s: Scope, x: Value, heads: number, context = x): Value {
  const { batch, length, channels } = sequence(x);
  // all frames of a video share the same keys, so their queries form one long sequence
  const videos = sequence(context).batch;
  const source = s.reshape(x, [videos, (batch / videos) * length, channels]);
  const query = linear(s.at('to_q'), source, channels, { bias: false });
  const key = linear(s.at('to_k'), context, channels, { bias: false });
  const value = linear(s.at('to_v'), context, channels, { bias: false });
  const mixed = linear(s.at('to_out', 0), attention(s, query, key, value, heads), channels);
  return s.reshape(mixed, x.shape);
}

/** BasicTransformerBlock: self-attention, attention over `context` (or itself again), GEGLU, each added to its input. */
function basicTransformerBlock(s: Scope, x: Value, heads: number, context?: Value): Value {
  let h = x;
  h = s.add(h, projectedAttention(s.at('attn1'), layerNorm(s.at('norm1'), h), heads));
  h = s.add(h, projectedAttention(s.at('attn2'), layerNorm(s.at('norm2'), h), heads, context));
  return s.add(h, feedForward(s.at('ff'), layerNorm(s.at('norm3'), h)));
}

/** Attention among the pixels of each frame and over the prompts `context` [videos, tokens, D]. */
export function transformer2d(
  s: Scope,
  x: FeatureMap,
  { heads, headDim, groups }: TransformerOptions,
  context: Value,
): FeatureMap {
  const normed = groupNorm(s.at('norm'), x, { groups, eps: NORM_EPS });
  let tokens = linear(s.at('proj_in'), toTokens(s, normed), heads * headDim);
  tokens = basicTransformerBlock(s.at('transformer_blocks', 0), tokens, heads, context);
  return addMaps(s, x, fromTokens(s, linear(s.at('proj_out'), tokens, x.channels), x));
}

/** Attention among the frames of each video at each pixel; both attentions attend to the same frames. */
export function transformerTemporal(
  s: Scope,
  x: FeatureMap,
  { heads, headDim, groups }: TransformerOptions,
  videos: number,
): FeatureMap {
  const rows = framesAsRows(s, x, videos);
  const normed = groupNorm(s.at('norm'), rows, { groups, eps: NORM_EPS });
  const { height: frames, width: pixels, channels } = rows;
  // [videos, F * HW, C] → [videos * HW, F, C]
  const byFrame = s.reshape(toTokens(s, normed), [videos, frames, pixels, channels]);
  const sequences = s.reshape(s.transpose(byFrame, [0, 2, 1, 3]), [videos * pixels, frames, channels]);
  let tokens = linear(s.at('proj_in'), sequences, heads * headDim);
  tokens = basicTransformerBlock(s.at('transformer_blocks', 0), tokens, heads);
  const byPixel = s.reshape(linear(s.at('proj_out'), tokens, channels), [videos, pixels, frames, channels]);
  const out = s.reshape(s.transpose(byPixel, [0, 2, 1, 3]), [videos, frames * pixels, channels]);
  return addMaps(s, x, rowsAsFrames(s, fromTokens(s, out, rows), x));
}
