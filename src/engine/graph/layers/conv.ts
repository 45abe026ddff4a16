import type { Scope } from '../builder';
import { concatChannels } from './feature-map';
import { channelsLast, type FeatureMap, mapShape } from './layout';

export interface ConvOptions {
  /** [height, width] */
  kernel: readonly [number, number];
  stride?: number;
  /** [top, left, bottom, right] */
  padding?: readonly [number, number, number, number];
  bias?: boolean;
  /** The weight's shape in the checkpoint, if not [out, in, kernel height, kernel width]. */
  storedAs?: readonly number[];
}

/**
 * onnxruntime's channels-last kernel reads wrong values when it reads inputs three channels at a time although there are more
 * than three, and outputs four at a time (found with 6 → 4 and 6 → 16 channels on 1.31.0-dev.20260914).
 */
const conv2dIsWrong = (inChannels: number, outChannels: number) =>
  inChannels > 3 && inChannels % 3 === 0 && inChannels % 4 !== 0 && outChannels % 4 === 0;

/** torch.nn.Conv2d, and Conv3d with a (k, 1, 1) kernel over framesAsRows: the same bytes. */
export function conv2d(s: Scope, x: FeatureMap, outChannels: number, options: ConvOptions): FeatureMap {
  const { kernel, stride = 1, padding = [0, 0, 0, 0], bias = true } = options;
  const height = Math.floor((x.height + padding[0] + padding[2] - kernel[0]) / stride) + 1;
  const width = Math.floor((x.width + padding[1] + padding[3] - kernel[1]) / stride) + 1;
  const stored = options.storedAs ?? [outChannels, x.channels, ...kernel];
  const convolve = (rows?: { first: number; count: number }): FeatureMap => {
    const channels = rows?.count ?? outChannels;
    const result = { frames: x.frames, channels, height, width };
    const weight = s.parameter('weight', stored, { as: [channels, x.channels, ...kernel], rows });
    const inputs = [x.value, weight];
    if (bias) inputs.push(s.parameter('bias', [outChannels], { rows }));
    const attributes = { kernel_shape: kernel, strides: [stride, stride], pads: padding };
    // onnxruntime's own channels-last convolution: plain Conv would be wrapped in two Transposes
    const domain = channelsLast(s) ? 'com.ms.internal.nhwc' : '';
    const value = s.node('Conv', inputs, { domain, shape: mapShape(s, result), attributes });
    return { ...result, value };
  };
  if (!channelsLast(s) || !conv2dIsWrong(x.channels, outChannels)) return convolve();
  const last = { first: outChannels - 1, count: 1 };
  return concatChannels(s, convolve({ first: 0, count: outChannels - 1 }), convolve(last));
}
