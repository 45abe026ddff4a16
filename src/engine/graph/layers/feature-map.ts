/** Conversions between layouts, and operations without parameters. */
import { at } from '../../at';
import { type Scope, sequence, type Value } from '../builder';
import { type Activation, activation } from './activation';
import { channelsLast, type FeatureMap, mapShape } from './layout';

/** Converts PyTorch's [frames, channels, height, width] to the device's layout. */
export function fromChannelsFirst(s: Scope, value: Value): FeatureMap {
  const { shape } = value;
  const axes = { frames: at(shape, 0), channels: at(shape, 1), height: at(shape, 2), width: at(shape, 3) };
  return { ...axes, value: channelsLast(s) ? s.transpose(value, [0, 2, 3, 1]) : value };
}

/** Converts to [frames, channels, height, width]. */
export function toChannelsFirst(s: Scope, x: FeatureMap): Value {
  return channelsLast(s) ? s.transpose(x.value, [0, 3, 1, 2]) : x.value;
}

/** Converts to a sequence of pixels for each frame: [frames, height * width, channels]. */
export function toTokens(s: Scope, x: FeatureMap): Value {
  const pixels = x.height * x.width;
  if (channelsLast(s)) return s.reshape(x.value, [x.frames, pixels, x.channels]);
  return s.transpose(s.reshape(x.value, [x.frames, x.channels, pixels]), [0, 2, 1]);
}

/** Converts tokens [frames, height * width, channels] back to a map of the size of `like`, with the tokens' channels. */
export function fromTokens(s: Scope, tokens: Value, like: FeatureMap): FeatureMap {
  const x = { ...like, channels: sequence(tokens).channels };
  const ordered = channelsLast(s) ? tokens : s.transpose(tokens, [0, 2, 1]);
  return { ...x, value: s.reshape(ordered, mapShape(s, x)) };
}

/**
 * Turns each video into one image of frames × pixels, so that a (3, 1) convolution runs along time: [videos, F, HW, C] or
 * [videos, C, F, HW].
 */
export function framesAsRows(s: Scope, x: FeatureMap, videos: number): FeatureMap {
  const rows = { frames: videos, channels: x.channels, height: x.frames / videos, width: x.height * x.width };
  if (channelsLast(s)) return { ...rows, value: s.reshape(x.value, mapShape(s, rows)) };
  const value = s.reshape(x.value, [videos, rows.height, rows.channels, rows.width]);
  return { ...rows, value: s.transpose(value, [0, 2, 1, 3]) };
}

/** The inverse of framesAsRows; `like` gives height and width. */
export function rowsAsFrames(s: Scope, rows: FeatureMap, like: FeatureMap): FeatureMap {
  const x = { ...like, channels: rows.channels };
  const value = channelsLast(s) ? rows.value : s.transpose(rows.value, [0, 2, 1, 3]);
  return { ...x, value: s.reshape(value, mapShape(s, x)) };
}

/** Repeats the frames until there are `frames` of them. */
export function repeatFrames(s: Scope, x: FeatureMap, frames: number): FeatureMap {
  if (x.frames === frames) return x;
  const shape = mapShape(s, { ...x, frames });
  const copies = new Array<Value>(frames / x.frames).fill(x.value);
  return { ...x, frames, value: s.node('Concat', copies, { shape, attributes: { axis: 0 } }) };
}

export function addMaps(s: Scope, a: FeatureMap, b: FeatureMap): FeatureMap {
  return { ...a, value: s.add(a.value, b.value) };
}

/** Adds `bias` [1, channels] to every pixel. */
export function addChannelBias(s: Scope, x: FeatureMap, bias: Value): FeatureMap {
  const shape = mapShape(s, { frames: 1, channels: x.channels, height: 1, width: 1 });
  return { ...x, value: s.add(x.value, s.reshape(bias, shape)) };
}

export function activateMap(s: Scope, x: FeatureMap, kind: Activation): FeatureMap {
  return { ...x, value: activation(s, x.value, kind) };
}

/** Adds a number to every element. */
export function shiftMap(s: Scope, x: FeatureMap, shift: number): FeatureMap {
  return { ...x, value: s.add(x.value, s.floats(Float32Array.of(shift))) };
}

export function scaleMap(s: Scope, x: FeatureMap, factor: number): FeatureMap {
  return { ...x, value: s.mul(x.value, s.floats(Float32Array.of(factor))) };
}

export function concatChannels(s: Scope, a: FeatureMap, b: FeatureMap): FeatureMap {
  const channels = a.channels + b.channels;
  const options = { shape: mapShape(s, { ...a, channels }), attributes: { axis: channelsLast(s) ? 3 : 1 } };
  return { ...a, channels, value: s.node('Concat', [a.value, b.value], options) };
}

/** torch's nearest-neighbour interpolation to the given size. */
export function resizeNearest(s: Scope, x: FeatureMap, height: number, width: number): FeatureMap {
  const shape = mapShape(s, { ...x, height, width });
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const value = s.node('Resize', [x.value, undefined, undefined, s.ints(shape)], { shape, attributes });
  return { ...x, height, width, value };
}
