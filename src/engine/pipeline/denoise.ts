import type { Scheduler, StepOptions } from '../schedulers/scheduler';
import { checkFinite } from '../tensor';
import type { Denoiser } from './denoiser';

/** Options of `denoise`. */
export interface DenoiseOptions extends StepOptions {
  /** Called before each step, from 0. */
  onStart?: (step: number) => void;
  /**
   * Called after each step, from 0, with the model's estimate of the video, in the latents' shape; the next step waits for it.
   */
  onStep?: (step: number, predOriginalSample: Float32Array<ArrayBuffer>) => void | Promise<void>;
}

/**
 * The denoising loop, from latents of pure noise to latents of a video.
 * @param latents in any layout that the denoiser accepts; `initialLatents` draws them
 * @param scheduler a new one for every video
 * @returns the same layout
 * @throws KinoraError `numerics`, and what the denoiser throws
 */
export async function denoise(
  latents: Float32Array<ArrayBuffer>,
  denoiser: Denoiser,
  scheduler: Scheduler,
  { onStart, onStep, ...stepOptions }: DenoiseOptions = {},
): Promise<Float32Array<ArrayBuffer>> {
  let sample = latents;
  for (const [i, timestep] of scheduler.timesteps.entries()) {
    onStart?.(i);
    const output = await denoiser(scheduler.scaleModelInput(sample, i), timestep);
    const { prevSample, predOriginalSample } = scheduler.step(output, i, sample, stepOptions);
    checkFinite(prevSample, `What step ${i + 1} made of the latents`, 'float32');
    sample = prevSample;
    await onStep?.(i, predOriginalSample);
  }
  return sample;
}
