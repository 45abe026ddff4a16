/** The memory layout of images, which depends on the device. */
import type { Scope, Value } from '../builder';

/**
 * Images, or anything that convolves over two axes: [frames, height, width, channels] on WebGPU, otherwise [frames, channels,
 * height, width]. The frames may be those of several videos, one after the other.
 */
export interface FeatureMap {
  readonly value: Value;
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export const channelsLast = ({ target }: Scope): boolean => target.device === 'webgpu';

export function mapShape(s: Scope, { frames, channels, height, width }: Omit<FeatureMap, 'value'>): readonly number[] {
  return channelsLast(s) ? [frames, height, width, channels] : [frames, channels, height, width];
}
