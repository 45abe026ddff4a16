import { swapFirstAxes } from '../tensor';

/** Of latents: [frames, channels, height, width]. */
export interface LatentShape {
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Noise to begin with. torch draws [1, C, F, h, w]; networks and schedulers work on [F, C, h, w].
 * @param randn torch's normal values in their order, as `torchRandn(seed)` draws them
 * @param sigma the standard deviation that the scheduler begins with: its `initNoiseSigma`
 * @returns [F, C, h, w]
 */
export function initialLatents(
  { frames, channels, height, width }: LatentShape,
  randn: (size: number) => Float32Array,
  sigma: number,
): Float32Array<ArrayBuffer> {
  const noise = randn(channels * frames * height * width);
  return swapFirstAxes(noise, channels, frames).map((value) => value * sigma);
}
