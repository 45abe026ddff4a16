/**
 * The layers that the networks are made of, and the only place that knows what a backend likes: channels-last on WebGPU with
 * fused norms, channels-first on the wasm CPU provider with the norm taken apart. Names of parameters are PyTorch's.
 */
import { float32ToFloat16 } from '../../float16';
import { type GraphBuilder, size, type Value } from './builder';

/**
 * Images, or anything that convolves over two axes: [frames, height, width, channels] on WebGPU, else [frames, channels, height, width].
 * The frames may be those of several videos, one after the other.
 */
export interface FeatureMap {
  readonly value: Value;
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export type Activation = 'silu' | 'gelu' | 'quick_gelu' | 'relu' | 'mish';

const MS = 'com.microsoft';
const channelsLast = (g: GraphBuilder): boolean => g.target.device === 'webgpu';

function mapShape(g: GraphBuilder, x: Omit<FeatureMap, 'value'>): readonly number[] {
  return channelsLast(g) ? [x.frames, x.height, x.width, x.channels] : [x.frames, x.channels, x.height, x.width];
}

/** From PyTorch's [frames, channels, height, width] to the device's layout. */
export function fromChannelsFirst(g: GraphBuilder, value: Value): FeatureMap {
  const [frames = 0, channels = 0, height = 0, width = 0] = value.shape;
  return { value: channelsLast(g) ? g.transpose(value, [0, 2, 3, 1]) : value, frames, channels, height, width };
}

/** To [frames, channels, height, width]. */
export function toChannelsFirst(g: GraphBuilder, x: FeatureMap): Value {
  return channelsLast(g) ? g.transpose(x.value, [0, 3, 1, 2]) : x.value;
}

/** To a sequence of pixels for each frame: [frames, height * width, channels]. */
export function toTokens(g: GraphBuilder, x: FeatureMap): Value {
  const pixels = x.height * x.width;
  if (channelsLast(g)) return g.reshape(x.value, [x.frames, pixels, x.channels]);
  return g.transpose(g.reshape(x.value, [x.frames, x.channels, pixels]), [0, 2, 1]);
}

/** Back from tokens [frames, height * width, channels] to a map like `like`, with the tokens' channels. */
export function fromTokens(g: GraphBuilder, tokens: Value, like: FeatureMap): FeatureMap {
  const channels = tokens.shape[2] ?? 0;
  const x = { ...like, channels };
  const ordered = channelsLast(g) ? tokens : g.transpose(tokens, [0, 2, 1]);
  return { ...x, value: g.reshape(ordered, mapShape(g, x)) };
}

/** Each of the videos as one image of frames × pixels, so that a (3, 1) convolution runs along time: [videos, F, HW, C] or [videos, C, F, HW]. */
export function framesAsRows(g: GraphBuilder, x: FeatureMap, videos: number): FeatureMap {
  const rows = { frames: videos, channels: x.channels, height: x.frames / videos, width: x.height * x.width };
  if (channelsLast(g)) return { ...rows, value: g.reshape(x.value, mapShape(g, rows)) };
  const value = g.reshape(x.value, [videos, rows.height, rows.channels, rows.width]);
  return { ...rows, value: g.transpose(value, [0, 2, 1, 3]) };
}

/** The inverse of framesAsRows; `like` gives height and width. */
export function rowsAsFrames(g: GraphBuilder, rows: FeatureMap, like: FeatureMap): FeatureMap {
  const x = { ...like, channels: rows.channels };
  const value = channelsLast(g) ? rows.value : g.transpose(rows.value, [0, 2, 1, 3]);
  return { ...x, value: g.reshape(value, mapShape(g, x)) };
}

/** The same frames again and again, until there are `frames` of them. */
export function repeatFrames(g: GraphBuilder, x: FeatureMap, frames: number): FeatureMap {
  if (x.frames === frames) return x;
  const result = { ...x, frames };
  const copies = new Array<Value>(frames / x.frames).fill(x.value);
  return { ...result, value: g.node('Concat', copies, mapShape(g, result), { axis: 0 }) };
}

export function addMaps(g: GraphBuilder, a: FeatureMap, b: FeatureMap): FeatureMap {
  return { ...a, value: g.add(a.value, b.value) };
}

export function concatChannels(g: GraphBuilder, a: FeatureMap, b: FeatureMap): FeatureMap {
  const x = { ...a, channels: a.channels + b.channels };
  return { ...x, value: g.node('Concat', [a.value, b.value], mapShape(g, x), { axis: channelsLast(g) ? 3 : 1 }) };
}

export interface ConvOptions {
  /** [height, width] */
  kernel: readonly [number, number];
  stride?: number;
  /** [top, left, bottom, right] */
  padding?: readonly [number, number, number, number];
  /** The weight's shape in the checkpoint where it is not [out, in, kernel height, kernel width]. */
  storedAs?: readonly number[];
}

/**
 * onnxruntime's channels-last kernel reads wrong values where it takes inputs three channels at a time, although there are more
 * than three, and outputs four at a time (found with 6 → 4 and 6 → 16 channels on 1.31.0-dev.20260914).
 */
const conv2dIsWrong = (inChannels: number, outChannels: number) =>
  inChannels > 3 && inChannels % 3 === 0 && inChannels % 4 !== 0 && outChannels % 4 === 0;

/** torch.nn.Conv2d, and Conv3d with a (k, 1, 1) kernel over framesAsRows: the same bytes. */
export function conv2d(
  g: GraphBuilder,
  x: FeatureMap,
  name: string,
  outChannels: number,
  options: ConvOptions,
): FeatureMap {
  const { kernel, stride = 1, padding = [0, 0, 0, 0] } = options;
  const height = Math.floor((x.height + padding[0] + padding[2] - kernel[0]) / stride) + 1;
  const width = Math.floor((x.width + padding[1] + padding[3] - kernel[1]) / stride) + 1;
  const stored = options.storedAs ?? [outChannels, x.channels, ...kernel];
  const convolve = (rows?: { first: number; count: number }): FeatureMap => {
    const channels = rows?.count ?? outChannels;
    const result = { frames: x.frames, channels, height, width };
    const weight = g.parameter(`${name}.weight`, stored, { as: [channels, x.channels, ...kernel], rows });
    const bias = g.parameter(`${name}.bias`, [outChannels], { rows });
    const attributes = { kernel_shape: kernel, strides: [stride, stride], pads: padding };
    // onnxruntime's own channels-last convolution: plain Conv would be wrapped in two Transposes
    const domain = channelsLast(g) ? 'com.ms.internal.nhwc' : '';
    return { ...result, value: g.node('Conv', [x.value, weight, bias], mapShape(g, result), attributes, { domain }) };
  };
  if (!channelsLast(g) || !conv2dIsWrong(x.channels, outChannels)) return convolve();
  const last = { first: outChannels - 1, count: 1 };
  return concatChannels(g, convolve({ first: 0, count: outChannels - 1 }), convolve(last));
}

export interface GroupNormOptions {
  groups: number;
  eps: number;
  silu?: boolean;
}

/** torch.nn.GroupNorm over each frame of `x`, with an optional SiLU after it. */
export function groupNorm(g: GraphBuilder, x: FeatureMap, name: string, options: GroupNormOptions): FeatureMap {
  const { groups, eps, silu = false } = options;
  const { channels } = x;
  if (channelsLast(g)) {
    // the fused kernel takes its affine parameters in float32, whatever the type of x
    const weight = g.parameter(`${name}.weight`, [channels], { type: 'float32' });
    const bias = g.parameter(`${name}.bias`, [channels], { type: 'float32' });
    const attributes = { groups, epsilon: { float: eps }, activation: silu ? 1 : 0, channels_last: 1 };
    const flat = g.reshape(x.value, [x.frames, x.height * x.width, 1, channels]);
    const normed = g.node('GroupNorm', [flat, weight, bias], flat.shape, attributes, { domain: MS });
    return { ...x, value: g.reshape(normed, x.value.shape) };
  }
  const grouped = g.reshape(x.value, [x.frames, groups, (channels / groups) * x.height * x.width]);
  const one = g.floats(new Float32Array(groups).fill(1));
  const zero = g.floats(new Float32Array(groups));
  const normed = g.node('InstanceNormalization', [grouped, one, zero], grouped.shape, { epsilon: { float: eps } });
  const weight = g.parameter(`${name}.weight`, [channels], { as: [channels, 1, 1] });
  const bias = g.parameter(`${name}.bias`, [channels], { as: [channels, 1, 1] });
  const scaled = g.add(g.mul(g.reshape(normed, x.value.shape), weight), bias);
  return { ...x, value: silu ? activation(g, scaled, 'silu') : scaled };
}

/** torch.nn.LayerNorm over the last axis. */
export function layerNorm(g: GraphBuilder, x: Value, name: string, eps: number): Value {
  const channels = x.shape.at(-1) ?? 0;
  const weight = g.parameter(`${name}.weight`, [channels]);
  const bias = g.parameter(`${name}.bias`, [channels]);
  return g.node('LayerNormalization', [x, weight, bias], x.shape, { axis: -1, epsilon: { float: eps } });
}

export function activation(g: GraphBuilder, x: Value, kind: Activation): Value {
  switch (kind) {
    case 'silu':
      return g.node('QuickGelu', [x], x.shape, { alpha: { float: 1 } }, { domain: MS });
    case 'quick_gelu':
      return g.node('QuickGelu', [x], x.shape, { alpha: { float: 1.702 } }, { domain: MS });
    case 'gelu':
      return g.node('Gelu', [x], x.shape);
    case 'relu':
      return g.node('Relu', [x], x.shape);
    case 'mish':
      return g.mul(x, g.node('Tanh', [g.node('Softplus', [x], x.shape)], x.shape));
  }
}

export interface LinearOptions {
  bias?: boolean;
  /** Only these output features: rows of the weight. */
  rows?: { first: number; count: number };
}

/** torch.nn.Linear over the last axis, with the weight [out, in] as it lies in the file. */
export function linear(
  g: GraphBuilder,
  x: Value,
  name: string,
  outFeatures: number,
  options: LinearOptions = {},
): Value {
  const inFeatures = x.shape.at(-1) ?? 0;
  const { bias = true, rows } = options;
  const flat = g.reshape(x, [x.shape.slice(0, -1).reduce((n, m) => n * m, 1), inFeatures]);
  const weight = g.parameter(`${name}.weight`, [outFeatures, inFeatures], { rows });
  const inputs = bias ? [flat, weight, g.parameter(`${name}.bias`, [outFeatures], { rows })] : [flat, weight];
  const out = rows?.count ?? outFeatures;
  const product = g.node('Gemm', inputs, [flat.shape[0] ?? 0, out], { transB: 1 });
  return g.reshape(product, [...x.shape.slice(0, -1), out]);
}

/** Elements of a feed-forward's inner values from which on it is computed in parts. */
const LARGE_INNER = 2 ** 23;

/**
 * diffusers' FeedForward with GEGLU. The halves of the projection are two products: in one piece it can pass a binding limit. And a
 * large x is taken through in as many parts as the inner values are wider than it, for they would be the largest of the network:
 * the parts' have the size of x.
 */
export function feedForward(g: GraphBuilder, x: Value, name: string): Value {
  const channels = x.shape.at(-1) ?? 0;
  const widening = 4;
  const inner = channels * widening;
  const half = (of: Value, first: number) =>
    linear(g, of, `${name}.net.0.proj`, inner * 2, { rows: { first, count: inner } });
  const through = (of: Value) =>
    linear(g, g.mul(half(of, 0), activation(g, half(of, inner), 'gelu')), `${name}.net.2`, channels);
  if (size(x.shape) * widening < LARGE_INNER) return through(x);
  const count = size(x.shape) / channels;
  const rows = g.reshape(x, [count, channels]);
  const each = Math.ceil(count / widening);
  const parts = Array.from({ length: Math.ceil(count / each) }, (_, part) => {
    const [first, end] = [part * each, Math.min((part + 1) * each, count)];
    return through(g.node('Slice', [rows, g.ints([first]), g.ints([end]), g.ints([0])], [end - first, channels]));
  });
  return g.reshape(g.node('Concat', parts, rows.shape, { axis: 0 }), x.shape);
}

/** Attention of queries [B, L, heads * d] over keys and values [B, S, heads * d], scaled by 1 / sqrt(d), no mask. */
export function attention(g: GraphBuilder, query: Value, key: Value, value: Value, heads: number): Value {
  return g.node('MultiHeadAttention', [query, key, value], query.shape, { num_heads: heads }, { domain: MS });
}

/** The same by its formula, for heads too wide for the fused kernel, and with an optional causal mask. */
export function plainAttention(
  g: GraphBuilder,
  query: Value,
  key: Value,
  value: Value,
  heads: number,
  { causal = false } = {},
): Value {
  const [batch = 0, length = 0, channels = 0] = query.shape;
  const keys = key.shape[1] ?? 0;
  const d = channels / heads;
  const split = (x: Value, permutation: readonly number[]) =>
    g.transpose(g.reshape(x, [batch, x.shape[1] ?? 0, heads, d]), permutation);
  const q = g.mul(split(query, [0, 2, 1, 3]), scalar(g, d ** -0.5));
  const product = g.node('MatMul', [q, split(key, [0, 2, 3, 1])], [batch, heads, length, keys]);
  const scores = causal ? g.add(product, causalMask(g, length)) : product;
  const weights = g.node('Softmax', [scores], scores.shape, { axis: -1 });
  const mixed = g.node('MatMul', [weights, split(value, [0, 2, 1, 3])], [batch, heads, length, d]);
  return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), query.shape);
}

/** A number of the graph's type. */
export function scalar(g: GraphBuilder, value: number): Value {
  return constant(g, Float32Array.of(value), [1]);
}

/** 0 where a position may look, −10000 (safe in float16) where it would see the future: [1, 1, length, length]. */
function causalMask(g: GraphBuilder, length: number): Value {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(-10000, row * length + row + 1, (row + 1) * length);
  return constant(g, mask, [1, 1, length, length]);
}

function constant(g: GraphBuilder, values: Float32Array, shape: readonly number[]): Value {
  return g.target.dtype === 'float16' ? g.halfs(float32ToFloat16(values), shape) : g.floats(values, shape);
}

/** torch's nearest-neighbour interpolation to the given size. */
export function resizeNearest(g: GraphBuilder, x: FeatureMap, height: number, width: number): FeatureMap {
  const result = { ...x, height, width };
  const sizes = g.ints(mapShape(g, result));
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return {
    ...result,
    value: g.node('Resize', [x.value, undefined, undefined, sizes], mapShape(g, result), attributes),
  };
}
