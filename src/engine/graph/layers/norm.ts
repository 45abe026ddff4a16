import { at } from '../../at';
import type { Scope, Value } from '../builder';
import { type Activation, activation } from './activation';
import { channelsLast, type FeatureMap } from './layout';

export interface GroupNormOptions {
  groups: number;
  eps: number;
  /** Activation applied to the result. */
  act?: Activation;
}

/** torch.nn.GroupNorm over each frame of `x`. */
export function groupNorm(s: Scope, x: FeatureMap, { groups, eps, act }: GroupNormOptions): FeatureMap {
  const { channels } = x;
  const epsilon = { float: eps };
  if (channelsLast(s)) {
    // the fused kernel takes its affine parameters in float32, whatever the type of x
    const weight = s.parameter('weight', [channels], { type: 'float32' });
    const bias = s.parameter('bias', [channels], { type: 'float32' });
    const silu = act === 'silu';
    const attributes = { groups, epsilon, activation: silu ? 1 : 0, channels_last: 1 };
    const flat = s.reshape(x.value, [x.frames, x.height * x.width, 1, channels]);
    const normed = s.node('GroupNorm', [flat, weight, bias], { domain: 'com.microsoft', attributes });
    const value = s.reshape(normed, x.value.shape);
    return { ...x, value: act && !silu ? activation(s, value, act) : value };
  }
  const grouped = s.reshape(x.value, [x.frames, groups, (channels / groups) * x.height * x.width]);
  const one = s.floats(new Float32Array(groups).fill(1), [groups], 'float32');
  const zero = s.floats(new Float32Array(groups), [groups], 'float32');
  const normed = s.node('InstanceNormalization', [grouped, one, zero], { attributes: { epsilon } });
  const weight = s.parameter('weight', [channels], { as: [channels, 1, 1] });
  const bias = s.parameter('bias', [channels], { as: [channels, 1, 1] });
  const value = s.add(s.mul(s.reshape(normed, x.value.shape), weight), bias);
  return { ...x, value: act ? activation(s, value, act) : value };
}

/** torch.nn.LayerNorm over the last axis. */
export function layerNorm(s: Scope, x: Value, eps = 1e-5): Value {
  const channels = at(x.shape, -1);
  const inputs = [x, s.parameter('weight', [channels]), s.parameter('bias', [channels])];
  return s.node('LayerNormalization', inputs, { attributes: { axis: -1, epsilon: { float: eps } } });
}
