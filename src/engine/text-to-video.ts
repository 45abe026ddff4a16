/** The pipeline: prompt → frames. Source: diffusers pipelines/text_to_video_synthesis/pipeline_text_to_video_synth.py. */
import { KinoraError, throwIfCancelled } from '../errors';
import { chooseBackend } from './backend';
import { checkParameters } from './generation-options';
import { previewPixels } from './latent-preview';
import { loadCheckpoint, type TextToVideoCheckpoint } from './load-checkpoint';
import { Networks } from './networks-on-device';
import { TorchGenerator } from './random';
import { createScheduler } from './schedulers';
import type { CheckpointSource } from './source';
import { checkFinite, swapFirstAxes } from './tensor';
import type {
  Backend,
  CheckpointInfo,
  Device,
  Dtype,
  GeneratedVideo,
  GenerationParameters,
  Progress,
  StepPreview,
  Timings,
} from './types';

export interface LoadPipelineOptions {
  device?: Device | 'auto';
  dtype?: Dtype | 'auto';
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
  readonly #checkpoint: TextToVideoCheckpoint;
  readonly #networks: Networks;
  #running = false;

  private constructor(backend: Backend, checkpoint: TextToVideoCheckpoint) {
    this.backend = backend;
    this.#checkpoint = checkpoint;
    this.#networks = new Networks(checkpoint, backend);
  }

  /**
   * Reads the configs, holds every tensor's name, shape and type against the networks, then fetches what is not stored yet.
   * Throws KinoraError; nothing runs on the device before `generate`.
   */
  static async fromPretrained(
    source: CheckpointSource,
    options: LoadPipelineOptions = {},
  ): Promise<TextToVideoPipeline> {
    const { device = 'auto', dtype = 'auto' } = options;
    const backend = await chooseBackend(device, dtype);
    return new TextToVideoPipeline(backend, await loadCheckpoint(source, options));
  }

  get info(): CheckpointInfo {
    return this.#checkpoint.info;
  }

  /** Tokens of `text` with start and end marks, before truncation to `info.maxTokens`. */
  countTokens(text: string): number {
    return this.#checkpoint.tokenizer.encode(text).tokens;
  }

  /** Frames for a prompt. Throws KinoraError: `invalid-argument`, `busy`, `cancelled`, `numerics`, `out-of-memory`, `device-lost`. */
  async generate(options: GenerateOptions): Promise<GeneratedVideo> {
    const { onProgress, onStep, signal, ...parameters } = options;
    checkParameters(parameters, this.info);
    if (this.#running) throw new KinoraError('busy', 'A generation is running; wait for it or cancel it.');
    this.#running = true;
    try {
      return await this.#generate(parameters, { onProgress, onStep, signal });
    } finally {
      this.#running = false;
    }
  }

  async #generate(
    parameters: GenerationParameters,
    { onProgress, onStep, signal }: Pick<GenerateOptions, 'onProgress' | 'onStep' | 'signal'>,
  ): Promise<GeneratedVideo> {
    const { numInferenceSteps, guidanceScale, numFrames: frames } = parameters;
    const { tokenizer, configs, info, source } = this.#checkpoint;
    const networks = this.#networks;
    const clock = new Clock();
    networks.meter.reset();
    const height = parameters.height / info.vaeScaleFactor;
    const width = parameters.width / info.vaeScaleFactor;
    const channels = info.latentChannels;
    const guided = guidanceScale > 1;

    // 1. prompt → [1, tokens, D], and the same for the negative prompt
    onProgress?.({ stage: 'tokenize', done: 0, total: 1 });
    const prompt = tokenizer.encode(parameters.prompt);
    const negative = tokenizer.encode(parameters.negativePrompt);
    clock.stop('tokenize');
    onProgress?.({ stage: 'load', component: 'text_encoder', done: 0, total: 1 });
    const textEncoder = await networks.textEncoder();
    clock.stop('load');
    throwIfCancelled(signal);
    onProgress?.({ stage: 'encode', done: 0, total: 1 });
    const promptEmbeds = await textEncoder.run({ input_ids: prompt.ids });
    const negativeEmbeds = guided ? await textEncoder.run({ input_ids: negative.ids }) : undefined;
    clock.stop('encode');

    // 2. seed → latents; torch draws [1, C, F, h, w], the networks and the scheduler work on [F, C, h, w]
    const scheduler = createScheduler(parameters.scheduler, configs.scheduler, numInferenceSteps);
    const generator = new TorchGenerator(parameters.seed);
    const noise = generator.randn(channels * frames * height * width);
    let latents = swapFirstAxes(noise, channels, frames).map((value) => value * scheduler.initNoiseSigma);

    // 3. denoise
    onProgress?.({ stage: 'load', component: 'unet', done: 0, total: 1 });
    const unet = await networks.unet({ frames, height, width, tokens: info.maxTokens });
    clock.stop('load');
    const predictNoise = async (timestep: number, embeds: Float32Array) => {
      await pause();
      throwIfCancelled(signal);
      return unet.run({ sample: latents, time: networks.timestepEmbedding(timestep), encoder_hidden_states: embeds });
    };
    for (const [i, timestep] of scheduler.timesteps.entries()) {
      onProgress?.({ stage: 'denoise', done: i, total: numInferenceSteps });
      let noisePred = await predictNoise(timestep, promptEmbeds);
      if (negativeEmbeds) {
        const unconditional = await predictNoise(timestep, negativeEmbeds);
        noisePred = noisePred.map((conditional, j) => {
          const base = unconditional[j] ?? 0;
          return base + guidanceScale * (conditional - base);
        });
      }
      checkFinite(noisePred, `The UNet's output at step ${i + 1}`);
      const { prevSample, predOriginalSample } = scheduler.step(noisePred, i, latents, (size) => generator.randn(size));
      latents = prevSample;
      if (onStep) {
        const pixels = previewPixels(predOriginalSample, frames, channels, this.#checkpoint.previewFactors);
        onStep({ step: i + 1, total: numInferenceSteps, pixels, width, height, frames });
      }
    }
    onProgress?.({ stage: 'denoise', done: numInferenceSteps, total: numInferenceSteps });
    clock.stop('denoise');

    // 4. latents → frames, one at a time
    throwIfCancelled(signal);
    onProgress?.({ stage: 'load', component: 'vae', done: 0, total: 1 });
    const decoder = await networks.decoder({ height, width });
    clock.stop('load');
    const images: Uint8ClampedArray<ArrayBuffer>[] = [];
    const frameSize = channels * height * width;
    for (let frame = 0; frame < frames; frame++) {
      await pause();
      throwIfCancelled(signal);
      onProgress?.({ stage: 'decode', done: frame, total: frames });
      const scaled = latents
        .slice(frame * frameSize, (frame + 1) * frameSize)
        .map((x) => x / configs.vae.scaling_factor);
      const image = await decoder.run({ latents: scaled });
      checkFinite(image, `The VAE's output for frame ${frame + 1}`);
      images.push(toRgba(image));
    }
    onProgress?.({ stage: 'decode', done: frames, total: frames });
    clock.stop('decode');

    return {
      parameters,
      backend: this.backend,
      checkpoint: source.id,
      frames: images,
      latents: swapFirstAxes(latents, frames, channels),
      latentsShape: [1, channels, frames, height, width],
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

/** On wasm a run blocks its thread and ends in a microtask: without a pause a worker would never hear that it should stop. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Milliseconds per stage; `stop` books the time since the last `stop`. */
class Clock {
  readonly #start = performance.now();
  #last = this.#start;
  readonly #stages = { tokenize: 0, encode: 0, load: 0, denoise: 0, decode: 0 };

  stop(stage: keyof Omit<Timings, 'total'>): void {
    const now = performance.now();
    this.#stages[stage] += now - this.#last;
    this.#last = now;
  }

  timings(): Timings {
    return { ...this.#stages, total: this.#last - this.#start };
  }
}
