import type { Scope, Value } from '../builder';

export type Activation = 'silu' | 'gelu' | 'quick_gelu' | 'relu' | 'mish' | 'tanh';

export function activation(s: Scope, x: Value, kind: Activation): Value {
  const quickGelu = (alpha: number) =>
    s.node('QuickGelu', [x], { domain: 'com.microsoft', attributes: { alpha: { float: alpha } } });
  switch (kind) {
    case 'silu':
      return quickGelu(1);
    case 'quick_gelu':
      return quickGelu(1.702);
    case 'gelu':
      return s.node('Gelu', [x]);
    case 'relu':
      return s.node('Relu', [x]);
    case 'mish':
      return s.mul(x, activation(s, s.node('Softplus', [x]), 'tanh'));
    case 'tanh':
      return s.node('Tanh', [x]);
  }
}
