/**
 * ResnetBlock2D, Upsample2D and Downsample2D, shared by UNet and VAE. Source: diffusers models/resnet.py, upsampling.py,
 * downsampling.py.
 */
import type { Scope, Value } from '../graph/builder';
import {
  type Activation,
  addChannelBias,
  addMaps,
  conv2d,
  type FeatureMap,
  groupNorm,
  linear,
  resizeNearest,
  scaleMap,
} from '../graph/layers';

export interface ResnetOptions {
  outChannels: number;
  groups: number;
  eps: number;
  act: Activation;
  /** Activated time embedding [1, time channels]; the VAE has none. */
  time?: Value;
  /** output_scale_factor: the sum is divided by it. */
  scaleFactor?: number;
}

export const same = { kernel: [3, 3], padding: [1, 1, 1, 1] } as const;

export function resnetBlock(s: Scope, x: FeatureMap, options: ResnetOptions): FeatureMap {
  const { outChannels, time, scaleFactor = 1, ...norm } = options;
  let h = conv2d(s.at('conv1'), groupNorm(s.at('norm1'), x, norm), outChannels, same);
  if (time) h = addChannelBias(s, h, linear(s.at('time_emb_proj'), time, outChannels));
  h = conv2d(s.at('conv2'), groupNorm(s.at('norm2'), h, norm), outChannels, same);
  const shortcut = x.channels === outChannels ? x : conv2d(s.at('conv_shortcut'), x, outChannels, { kernel: [1, 1] });
  const sum = addMaps(s, shortcut, h);
  return scaleFactor === 1 ? sum : scaleMap(s, sum, 1 / scaleFactor);
}

/** Doubles the size, or resizes to `size` [height, width] if an odd size had been halved. */
export function upsample(s: Scope, x: FeatureMap, size?: readonly [number, number]): FeatureMap {
  const [height, width] = size ?? [x.height * 2, x.width * 2];
  return conv2d(s.at('conv'), resizeNearest(s, x, height, width), x.channels, same);
}

/** Halves the size; padding 0 means one row and column on the far sides only, as in the VAE's encoder. */
export function downsample(s: Scope, x: FeatureMap, padding: number): FeatureMap {
  const pads = padding === 0 ? ([0, 0, 1, 1] as const) : ([padding, padding, padding, padding] as const);
  return conv2d(s.at('conv'), x, x.channels, { kernel: [3, 3], stride: 2, padding: pads });
}
