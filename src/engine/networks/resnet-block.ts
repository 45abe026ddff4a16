/** ResnetBlock2D, Upsample2D and Downsample2D, as UNet and VAE share them. Source: diffusers models/resnet.py, upsampling.py, downsampling.py. */
import type { GraphBuilder, Value } from '../graph/builder';
import {
  type Activation,
  activation,
  addMaps,
  conv2d,
  type FeatureMap,
  groupNorm,
  linear,
  resizeNearest,
  scalar,
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

function normAct(g: GraphBuilder, x: FeatureMap, name: string, { groups, eps, act }: ResnetOptions): FeatureMap {
  if (act === 'silu') return groupNorm(g, x, name, { groups, eps, silu: true });
  const normed = groupNorm(g, x, name, { groups, eps });
  return { ...normed, value: activation(g, normed.value, act) };
}

export function resnetBlock(g: GraphBuilder, x: FeatureMap, name: string, options: ResnetOptions): FeatureMap {
  const { outChannels, time, scaleFactor = 1 } = options;
  let h = conv2d(g, normAct(g, x, `${name}.norm1`, options), `${name}.conv1`, outChannels, same);
  if (time) {
    const shift = linear(g, time, `${name}.time_emb_proj`, outChannels);
    const shape = g.target.device === 'webgpu' ? [1, 1, 1, outChannels] : [1, outChannels, 1, 1];
    h = { ...h, value: g.add(h.value, g.reshape(shift, shape)) };
  }
  h = conv2d(g, normAct(g, h, `${name}.norm2`, options), `${name}.conv2`, outChannels, same);
  const shortcut =
    x.channels === outChannels ? x : conv2d(g, x, `${name}.conv_shortcut`, outChannels, { kernel: [1, 1] });
  const sum = addMaps(g, shortcut, h);
  return scaleFactor === 1 ? sum : { ...sum, value: g.mul(sum.value, scalar(g, 1 / scaleFactor)) };
}

/** Doubles the size, or goes to `size` [height, width] where an odd size had been halved. */
export function upsample(g: GraphBuilder, x: FeatureMap, name: string, size?: readonly [number, number]): FeatureMap {
  const [height, width] = size ?? [x.height * 2, x.width * 2];
  return conv2d(g, resizeNearest(g, x, height, width), `${name}.conv`, x.channels, same);
}

/** Halves the size; padding 0 means one row and column at the far sides only, as in the VAE's encoder. */
export function downsample(g: GraphBuilder, x: FeatureMap, name: string, padding: number): FeatureMap {
  const pads = padding === 0 ? ([0, 0, 1, 1] as const) : ([padding, padding, padding, padding] as const);
  return conv2d(g, x, `${name}.conv`, x.channels, { kernel: [3, 3], stride: 2, padding: pads });
}
