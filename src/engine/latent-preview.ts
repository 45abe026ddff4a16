/** Previews latents as small pictures without the VAE: a linear map per latent pixel, good enough to see what is coming. */
import { z } from 'zod';
import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { at } from './at';

/** One row [r, g, b] per latent channel, and a last one as bias; the result is pixels from −1 to 1. */
export type LatentRgbFactors = readonly (readonly [number, number, number])[];

/** Stable Diffusion 1's VAE, which ms-1.7b shares; the common least-squares fit of its decoder. */
const stableDiffusion: LatentRgbFactors = [
  [0.298, 0.207, 0.208],
  [0.187, 0.286, 0.173],
  [-0.158, 0.189, 0.264],
  [-0.184, -0.271, -0.473],
  [0, 0, 0],
];

const row = z.tuple([z.number(), z.number(), z.number()]);

/**
 * Reads the checkpoint's own factors (vae/latent_rgb_factors.json); without them, uses Stable Diffusion's, or the first three
 * channels as they are.
 */
export function latentRgbFactors(file: string | undefined, channels: number): LatentRgbFactors {
  if (file !== undefined) {
    const path = 'vae/latent_rgb_factors.json';
    const parsed = z
      .array(row)
      .length(channels + 1)
      .safeParse(parsePythonJson(file, path));
    if (parsed.success) return parsed.data;
    throw new KinoraError('invalid-checkpoint', `${path} must have ${channels + 1} rows of three numbers.`);
  }
  if (channels === 4) return stableDiffusion;
  const unit = (i: number): [number, number, number] => [i === 0 ? 0.5 : 0, i === 1 ? 0.5 : 0, i === 2 ? 0.5 : 0];
  return Array.from({ length: channels + 1 }, (_, i) => (i < channels ? unit(i) : [0, 0, 0]));
}

/** Converts latents [frames, channels, pixels] to RGBA [frames, pixels, 4]. */
export function previewPixels(
  latents: Float32Array,
  frames: number,
  channels: number,
  factors: LatentRgbFactors,
): Uint8ClampedArray<ArrayBuffer> {
  const size = latents.length / (frames * channels);
  const pixels = new Uint8ClampedArray(frames * size * 4).fill(255);
  for (let colour = 0; colour < 3; colour++) {
    const column = factors.map((row) => at(row, colour));
    const added = at(column, channels);
    for (let frame = 0; frame < frames; frame++) {
      for (let pixel = 0; pixel < size; pixel++) {
        let value = added;
        for (let channel = 0; channel < channels; channel++) {
          value += (latents[(frame * channels + channel) * size + pixel] ?? 0) * (column[channel] ?? 0);
        }
        pixels[(frame * size + pixel) * 4 + colour] = (value / 2 + 0.5) * 255;
      }
    }
  }
  return pixels;
}
