import { swapFirstAxes } from '../tensor';

/** Of latents: [frames, channels, height, width]. */
export interface LatentShape {
  frames: number;
  channels: number;
  height: number;
  width: number;
}

/**
 * Noise to begin with. torch draws [1, C, F, h, w]; networks and schedulers work on [F, C, h, w].
 * @param randn torch's normal values, in their order
 * @param sigma the standard deviation that the scheduler begins with
 * @returns [F, C, h, w]
 */
export function latentsFromNoise(
  { frames, channels, height, width }: LatentShape,
  randn: (size: number) => Float32Array,
  sigma: number,
): Float32Array<ArrayBuffer> {
  const noise = randn(channels * frames * height * width);
  return swapFirstAxes(noise, channels, frames).map((value) => value * sigma);
}
