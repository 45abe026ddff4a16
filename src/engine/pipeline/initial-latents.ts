import { swapFirstAxes } from '../tensor';

/** Shape of latents: [frames, channels, height, width]. */
export interface LatentShape {
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Draws the initial noise. torch draws [1, C, F, h, w]; networks and schedulers work on [F, C, h, w].
 * @param randn draws torch's normal values in order, like `torchRandn(seed)`
 * @param sigma the standard deviation that the scheduler starts with: its `initNoiseSigma`
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
