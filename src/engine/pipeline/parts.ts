/** The parts of a loaded pipeline, each usable alone. `generate` is one way to combine them; docs/engine.md shows another. */
import { KinoraError } from '../../shared/errors';
import { previewPixels } from '../latent-preview';
import type { TextToVideoCheckpoint } from '../load-checkpoint';
import { promptsAtOnce } from '../memory-policy';
import type { JobOptions, Networks } from '../networks-on-device';
import type { NetworkPlan, VideoSize } from '../pipelines/definition';
import { type SchedulerName, schedulerFromConfig } from '../schedulers';
import type { Scheduler } from '../schedulers/scheduler';
import type { Backend, StepPreview } from '../types';
import { type PromptDenoiser, unetDenoiser } from './denoiser';
import { FrameDecoder } from './frame-decoder';
import type { LatentShape } from './initial-latents';
import { type EncodedPrompt, PromptEncoder } from './prompt-encoder';

export interface DenoiserOptions {
  /** The guidance scale, for a UNet that takes it as an input. */
  guidanceScale?: number;
  /** The prompts are never run together, so that a step for the first of them alone takes half the time. */
  oneByOne?: boolean;
}

/** The parts of one checkpoint on one backend. Concurrent requests are processed one after the other. */
export class PipelineParts {
  readonly promptEncoder: PromptEncoder;
  readonly frameDecoder: FrameDecoder;
  readonly #checkpoint: TextToVideoCheckpoint;
  readonly #backend: Backend;
  readonly #networks: Networks;

  constructor(checkpoint: TextToVideoCheckpoint, backend: Backend, networks: Networks) {
    this.#checkpoint = checkpoint;
    this.#backend = backend;
    this.#networks = networks;
    const { pipeline, tokenizer } = checkpoint;
    this.promptEncoder = new PromptEncoder(networks, tokenizer, pipeline.encode(backend), backend.dtype);
    this.frameDecoder = new FrameDecoder(
      networks,
      (latents, dtype) => pipeline.decode(latents, backend, dtype),
      pipeline.scalingFactor,
      backend.dtype,
    );
  }

  /**
   * Shape of the latents of a video.
   * @throws KinoraError `invalid-argument` for a size that the model cannot make
   */
  latentShape({ numFrames: frames, width, height }: VideoSize): LatentShape {
    const { vaeScaleFactor: scale, latentChannels: channels } = this.#checkpoint.info;
    const shape = { frames, channels, height: height / scale, width: width / scale };
    if (Object.values(shape).every((size) => Number.isSafeInteger(size) && size > 0)) return shape;
    throw new KinoraError(
      'invalid-argument',
      `A video cannot have ${frames} frames of ${width}×${height} pixels: width and height must be multiples of ${scale}.`,
    );
  }

  /**
   * The steps of one video, with the options of the checkpoint's scheduler_config.json.
   * @param name class name in diffusers; the checkpoint's own if left out
   * @throws KinoraError `unsupported-config`, `invalid-argument`
   */
  scheduler(numInferenceSteps: number, name: SchedulerName = this.#checkpoint.info.scheduler): Scheduler {
    return schedulerFromConfig(name, this.#checkpoint.scheduler)(numInferenceSteps);
  }

  /**
   * Whether guidance at this scale needs a negative prompt: not if it is off, nor if the UNet was distilled to apply it itself.
   */
  guides(guidanceScale: number): boolean {
    return guidanceScale > 1 && !this.#checkpoint.pipeline.guidanceEmbedding;
  }

  /**
   * Does in advance the part of loading the UNet that can happen while another network runs. Takes the arguments of `denoiser`.
   */
  prepareDenoiser(shape: LatentShape, prompts: number, options: DenoiserOptions = {}): void {
    this.#networks.prepareAhead(this.#unet(shape, prompts, options).plan);
  }

  /**
   * Loads the UNet for latents of this shape, unless it is ready.
   * @param prompts it has an output for each, and `guided` combines two into one
   * @param options its signal takes effect between two runs
   * @throws KinoraError what loading a network can throw; the denoiser `cancelled`, `numerics`, and what running it can throw
   */
  async denoiser(
    shape: LatentShape,
    prompts: readonly EncodedPrompt[],
    { guidanceScale = 1, oneByOne, ...job }: DenoiserOptions & JobOptions = {},
  ): Promise<PromptDenoiser> {
    const { plan, together } = this.#unet(shape, prompts.length, { oneByOne });
    await this.#networks.load(plan, job);
    const { timeEmbedding, guidanceEmbedding } = this.#checkpoint.pipeline;
    const inputs = guidanceEmbedding && { timestep_cond: guidanceEmbedding(guidanceScale) };
    const { dtype } = this.#backend;
    const options = { prompts, promptsAtOnce: together, timeEmbedding, inputs, dtype };
    return unetDenoiser(this.#networks, plan, { ...options, ...job });
  }

  /**
   * Previews of unfinished latents [frames, channels, height, width]: the tiny decoder's if one was given, otherwise small
   * pictures without a network.
   * @throws KinoraError what decoding throws
   */
  async preview(
    latents: Float32Array,
    shape: LatentShape,
    job: Pick<JobOptions, 'signal'> = {},
  ): Promise<Omit<StepPreview, 'step' | 'total'>> {
    const { decoder, previewFactors, info } = this.#checkpoint;
    const { frames, channels, height, width } = shape;
    if (!decoder) return { pixels: previewPixels(latents, frames, channels, previewFactors), width, height, frames };
    const scale = info.vaeScaleFactor;
    const size = { width: width * scale, height: height * scale };
    const pixels = new Uint8ClampedArray(frames * size.height * size.width * 4);
    for (const [i, frame] of (await this.frameDecoder.decode(latents, shape, job)).entries()) {
      pixels.set(frame, i * frame.length);
    }
    return { pixels, ...size, frames };
  }

  #unet(
    { frames, height, width }: LatentShape,
    prompts: number,
    { oneByOne = false }: DenoiserOptions,
  ): { plan: NetworkPlan; together: number } {
    const { pipeline, info } = this.#checkpoint;
    const most = oneByOne ? 1 : promptsAtOnce(this.#backend.device, { frames, height, width });
    const together = prompts <= most ? prompts : 1;
    const shape = { prompts: together, frames, height, width, tokens: info.maxTokens };
    return { plan: pipeline.denoise(shape, this.#backend), together };
  }
}
