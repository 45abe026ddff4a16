/** The pipeline: prompt → frames. Source: diffusers pipelines/text_to_video_synthesis/pipeline_text_to_video_synth.py. */

import { machineMemory } from '../platform/device-facts';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { chooseBackend } from './backend';
import { Clock } from './clock';
import { checkParameters } from './generation-options';
import { previewPixels } from './latent-preview';
import { loadCheckpoint, type TextToVideoCheckpoint } from './load-checkpoint';
import { chooseMemoryPolicy, promptsAtOnce, weightBytesOf } from './memory-policy';
import { Networks } from './networks-on-device';
import { denoise } from './pipeline/denoise';
import { guided, unetDenoiser } from './pipeline/denoiser';
import { FrameDecoder, type PlanFor } from './pipeline/frame-decoder';
import { type LatentShape, latentsFromNoise } from './pipeline/initial-latents';
import { PromptEncoder } from './pipeline/prompt-encoder';
import { TorchGenerator } from './random';
import { breaks } from './runtime/failures';
import { schedulerFromConfig } from './schedulers';
import type { CheckpointSource } from './source';
import { pause, swapFirstAxes } from './tensor';
import type {
  Backend,
  CheckpointInfo,
  Device,
  Dtype,
  GeneratedVideo,
  GenerationParameters,
  MemoryPolicy,
  Progress,
  StepPreview,
} from './types';

export interface LoadPipelineOptions {
  device?: Device | 'auto';
  dtype?: Dtype | 'auto';
  memory?: MemoryPolicy | 'auto';
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

export interface GenerateOptions extends GenerationParameters {
  onProgress?: (progress: Progress) => void;
  /** Called after every denoising step. */
  onStep?: (preview: StepPreview) => void;
  /** Takes effect between UNet runs. */
  signal?: AbortSignal;
}

/** Text to video from one checkpoint on one backend. One generation at a time. */
export class TextToVideoPipeline {
  readonly backend: Backend;
  readonly memory: MemoryPolicy;
  readonly #checkpoint: TextToVideoCheckpoint;
  readonly #networks: Networks;
  readonly #encoder: PromptEncoder;
  readonly #decoder: FrameDecoder;
  #running = false;

  private constructor(backend: Backend, memory: MemoryPolicy, checkpoint: TextToVideoCheckpoint) {
    this.backend = backend;
    this.memory = memory;
    this.#checkpoint = checkpoint;
    const { pipeline } = checkpoint;
    this.#networks = new Networks(checkpoint.parts, backend, memory);
    this.#encoder = new PromptEncoder(this.#networks, pipeline.encode(backend), backend.dtype);
    const planFor: PlanFor = (latents, dtype) => pipeline.decode(latents, backend, dtype);
    this.#decoder = new FrameDecoder(this.#networks, planFor, pipeline.scalingFactor, backend.dtype);
  }

  /**
   * Reads the configs, holds every tensor's name, shape and type against the networks, then fetches what is not stored yet.
   * Throws KinoraError; nothing runs on the device before `generate`.
   */
  static async fromPretrained(
    source: CheckpointSource,
    options: LoadPipelineOptions = {},
  ): Promise<TextToVideoPipeline> {
    const { device = 'auto', dtype = 'auto', memory = 'auto' } = options;
    const backend = await chooseBackend(device, dtype);
    const checkpoint = await loadCheckpoint(source, options);
    const weightBytes = weightBytesOf(
      Object.values(checkpoint.parts).map(({ weights }) => weights),
      backend.dtype,
    );
    const byItself = chooseMemoryPolicy({ device: backend.device, weightBytes, memoryBytes: machineMemory() });
    return new TextToVideoPipeline(backend, memory === 'auto' ? byItself : memory, checkpoint);
  }

  get info(): CheckpointInfo {
    return this.#checkpoint.info;
  }

  /** Tokens of `text` with start and end marks, before truncation to `info.maxTokens`. */
  countTokens(text: string): number {
    return this.#checkpoint.tokenizer.encode(text).tokens;
  }

  /**
   * Frames for a prompt. Throws KinoraError: `invalid-argument`, `busy`, `cancelled`, `numerics`, `out-of-memory`, `device-lost`,
   * `device-limits`. The next call works after each of them; only after `worker-died` the realm has to be left.
   */
  async generate(options: GenerateOptions): Promise<GeneratedVideo> {
    const { onProgress, onStep, signal, ...parameters } = options;
    checkParameters(parameters, this.info);
    if (this.#running) throw new KinoraError('busy', 'A generation is running; wait for it or cancel it.');
    this.#running = true;
    try {
      return await this.#generate(parameters, { onProgress, onStep, signal });
    } catch (error) {
      if (breaks(error)) await this.#networks.discard();
      throw error;
    } finally {
      this.#running = false;
    }
  }

  async #generate(
    parameters: GenerationParameters,
    { onProgress, onStep, signal }: Pick<GenerateOptions, 'onProgress' | 'onStep' | 'signal'>,
  ): Promise<GeneratedVideo> {
    const { numInferenceSteps, guidanceScale, numFrames: frames, eta } = parameters;
    const { tokenizer, pipeline, info, source, previewFactors } = this.#checkpoint;
    const networks = this.#networks;
    const clock = new Clock();
    const job = { clock, onProgress, signal };
    networks.meter.reset();
    const size = { height: parameters.height / info.vaeScaleFactor, width: parameters.width / info.vaeScaleFactor };
    const shape: LatentShape = { frames, channels: info.latentChannels, ...size };
    const guides = guidanceScale > 1;
    const scheduler = schedulerFromConfig(parameters.scheduler, this.#checkpoint.scheduler)(numInferenceSteps);

    // 1. prompt → [1, tokens, D], and the same for the negative prompt
    onProgress?.({ stage: 'tokenize', done: 0, total: 1 });
    const prompt = tokenizer.encode(parameters.prompt);
    const negative = tokenizer.encode(parameters.negativePrompt);
    clock.stop('tokenize');
    const prompts = guides ? promptsAtOnce(this.backend.device, { frames, ...size }) : 1;
    const unetShape = { prompts, frames, ...size, tokens: info.maxTokens };
    const unetPlan = pipeline.denoise(unetShape, this.backend);
    networks.prepareAhead(unetPlan);
    const embeds: Float32Array[] = [];
    for (const { ids } of guides ? [prompt, negative] : [prompt]) embeds.push(await this.#encoder.encode(ids, job));

    // 2. seed → latents
    const generator = new TorchGenerator(parameters.seed);
    const randn = (count: number) => generator.randn(count);
    const noise = latentsFromNoise(shape, randn, scheduler.initNoiseSigma);

    // 3. denoise
    const unet = await networks.load(unetPlan, onProgress);
    clock.stop('load');
    networks.prepareAhead(this.#decoder.plan(size));
    const beforeRun = async () => {
      await pause();
      throwIfCancelled(signal);
    };
    const { timeEmbedding } = pipeline;
    const denoiser = guided(
      unetDenoiser(unet, { embeds, promptsAtOnce: prompts, timeEmbedding, beforeRun }),
      guidanceScale,
    );
    const total = numInferenceSteps;
    const latents = await denoise(noise, denoiser, scheduler, {
      ...{ randn, eta, dtype: this.backend.dtype },
      onStart: (step) => onProgress?.({ stage: 'denoise', done: step, total }),
      onStep: (step, predOriginalSample) => {
        if (!onStep) return;
        const pixels = previewPixels(predOriginalSample, frames, shape.channels, previewFactors);
        onStep({ step: step + 1, total, pixels, ...size, frames });
      },
    });
    onProgress?.({ stage: 'denoise', done: total, total });
    clock.stop('denoise');

    // 4. latents → frames
    throwIfCancelled(signal);
    const images = await this.#decoder.decode(latents, shape, job);

    return {
      parameters,
      backend: this.backend,
      vaeDtype: this.#decoder.dtype,
      checkpoint: source.id,
      frames: images,
      latents: swapFirstAxes(latents, frames, shape.channels),
      latentsShape: [1, shape.channels, frames, size.height, size.width],
      truncatedTokens: { prompt: prompt.truncated, negativePrompt: negative.truncated },
      timings: clock.timings(),
      memory: networks.meter.use,
    };
  }

  /** Frees the networks and their GPU devices. The pipeline cannot be used afterwards. */
  dispose(): Promise<void> {
    return this.#networks.release();
  }
}
