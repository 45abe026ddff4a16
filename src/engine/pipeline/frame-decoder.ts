/** Latents → frames, one at a time; in float32 once float16 has overflowed. */
import { KinoraError, throwIfCancelled } from '../../shared/errors';
import type { JobOptions, Networks } from '../networks-on-device';
import type { NetworkPlan } from '../pipelines/definition';
import { checkFinite, pause } from '../tensor';
import type { Dtype } from '../types';
import type { LatentShape } from './initial-latents';

/** The plan of the network that decodes latents of this size in this type. */
export type PlanFor = (latents: { height: number; width: number }, dtype: Dtype) => NetworkPlan;

/** The decoder of one checkpoint on one backend. */
export class FrameDecoder {
  readonly #networks: Networks;
  readonly #planFor: PlanFor;
  readonly #scalingFactor: number;
  #dtype: Dtype;

  /** @param dtype the type it computes in until that overflows */
  constructor(networks: Networks, planFor: PlanFor, scalingFactor: number, dtype: Dtype) {
    this.#networks = networks;
    this.#planFor = planFor;
    this.#scalingFactor = scalingFactor;
    this.#dtype = dtype;
  }

  /** The type it computes in: float32 after the first overflow of float16, since it would overflow again. */
  get dtype(): Dtype {
    return this.#dtype;
  }

  /** Does in advance the part of loading that can happen while another network runs. */
  prepare(shape: LatentShape): void {
    this.#networks.prepareAhead(this.#plan(shape));
  }

  /**
   * @param latents [frames, channels, height, width], as `denoise` returns them
   * @returns a picture for each frame: RGBA, [height, width, 4], alpha 255
   * @throws KinoraError `cancelled`, `numerics`, and what loading and running a network can throw
   */
  async decode(
    latents: Float32Array,
    shape: LatentShape,
    job: JobOptions = {},
  ): Promise<Uint8ClampedArray<ArrayBuffer>[]> {
    const decode = () => this.#networks.clock.time('decode', () => this.#decode(latents, shape, job));
    try {
      return await decode();
    } catch (error) {
      const overflow = error instanceof KinoraError && error.code === 'numerics' && this.#dtype === 'float16';
      if (!overflow) throw error;
      this.#dtype = 'float32';
      return await decode();
    }
  }

  #decode(
    latents: Float32Array,
    { frames, channels, height, width }: LatentShape,
    job: JobOptions,
  ): Promise<Uint8ClampedArray<ArrayBuffer>[]> {
    return this.#networks.use(this.#plan({ height, width }), job, async (decoder) => {
      const images: Uint8ClampedArray<ArrayBuffer>[] = [];
      const frameSize = channels * height * width;
      for (let frame = 0; frame < frames; frame++) {
        await pause();
        throwIfCancelled(job.signal);
        job.onProgress?.({ stage: 'decode', done: frame, total: frames });
        const scaled = latents.slice(frame * frameSize, (frame + 1) * frameSize).map((x) => x / this.#scalingFactor);
        const image = await decoder.run({ latents: scaled });
        checkFinite(image, `The decoder's output for frame ${frame + 1}`, this.#dtype);
        images.push(toRgba(image));
      }
      job.onProgress?.({ stage: 'decode', done: frames, total: frames });
      return images;
    });
  }

  #plan({ height, width }: { height: number; width: number }): NetworkPlan {
    return this.#planFor({ height, width }, this.#dtype);
  }
}

/** [1, 3, H, W] from −1 to 1 → RGBA. */
function toRgba(image: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  const size = image.length / 3;
  const pixels = new Uint8ClampedArray(size * 4).fill(255);
  for (let i = 0; i < size; i++) {
    // Uint8ClampedArray clamps, and rounds to nearest as torch does
    for (let colour = 0; colour < 3; colour++)
      pixels[i * 4 + colour] = ((image[colour * size + i] ?? 0) / 2 + 0.5) * 255;
  }
  return pixels;
}
