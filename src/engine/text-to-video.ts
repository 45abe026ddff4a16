/** The pipeline: prompt → frames. Source: diffusers pipelines/text_to_video_synthesis/pipeline_text_to_video_synth.py. */
import { KinoraError, throwIfCancelled } from '../errors';
import { chooseBackend } from './backend';
import { Clock } from './clock';
import { FrameDecoder } from './frame-decoder';
import { checkParameters } from './generation-options';
import { previewPixels } from './latent-preview';
import { loadCheckpoint, type TextToVideoCheckpoint } from './load-checkpoint';
import { chooseMemoryPolicy, promptsAtOnce, weightBytesOf } from './memory-policy';
import { Networks } from './networks-on-device';
import { PromptEmbeddings } from './prompt-embeddings';
import { TorchGenerator } from './random';
import { machineMemory } from './runtime/device-facts';
import { breaks } from './runtime/failures';
import { schedulerFromConfig } from './schedulers';
import type { CheckpointSource } from './source';
import { checkFinite, concat, pause, swapFirstAxes } from './tensor';
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
  readonly #embeddings = new PromptEmbeddings();
  readonly #decoder: FrameDecoder;
  #running = false;

  private constructor(backend: Backend, memory: MemoryPolicy, checkpoint: TextToVideoCheckpoint) {
    this.backend = backend;
    this.memory = memory;
    this.#checkpoint = checkpoint;
    this.#networks = new Networks(checkpoint, backend, memory);
    this.#decoder = new FrameDecoder(this.#networks, checkpoint.configs.vae.scaling_factor, backend.dtype);
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
    const weightBytes = weightBytesOf(Object.values(checkpoint.weights), backend.dtype);
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
    const { tokenizer, configs, info, source } = this.#checkpoint;
    const networks = this.#networks;
    const clock = new Clock();
    networks.meter.reset();
    const height = parameters.height / info.vaeScaleFactor;
    const width = parameters.width / info.vaeScaleFactor;
    const channels = info.latentChannels;
    const guided = guidanceScale > 1;
    const scheduler = schedulerFromConfig(parameters.scheduler, configs.scheduler)(numInferenceSteps);

    // 1. prompt → [1, tokens, D], and the same for the negative prompt
    onProgress?.({ stage: 'tokenize', done: 0, total: 1 });
    const prompt = tokenizer.encode(parameters.prompt);
    const negative = tokenizer.encode(parameters.negativePrompt);
    clock.stop('tokenize');
    const prompts = guided ? promptsAtOnce(this.backend.device, { frames, height, width }) : 1;
    const unetPlan = networks.unet({ prompts, frames, height, width, tokens: info.maxTokens });
    networks.prepareAhead(unetPlan);
    const encode = async (ids: Int32Array) => {
      const known = this.#embeddings.get(ids);
      if (known) return known;
      const textEncoder = await networks.load(networks.textEncoder(), onProgress);
      clock.stop('load');
      throwIfCancelled(signal);
      onProgress?.({ stage: 'encode', done: 0, total: 1 });
      const embeds = await textEncoder.run({ input_ids: ids });
      checkFinite(embeds, "The text encoder's output", this.backend.dtype);
      this.#embeddings.set(ids, embeds);
      clock.stop('encode');
      return embeds;
    };
    const embeds = guided ? [await encode(prompt.ids), await encode(negative.ids)] : [await encode(prompt.ids)];
    // one for each run of the UNet
    const contexts = prompts === 1 ? embeds : [concat(embeds)];

    // 2. seed → latents; torch draws [1, C, F, h, w], the networks and the scheduler work on [F, C, h, w]
    const generator = new TorchGenerator(parameters.seed);
    const randn = (size: number) => generator.randn(size);
    const noise = randn(channels * frames * height * width);
    let latents = swapFirstAxes(noise, channels, frames).map((value) => value * scheduler.initNoiseSigma);

    // 3. denoise
    const unet = await networks.load(unetPlan, onProgress);
    clock.stop('load');
    networks.prepareAhead(networks.decoder({ height, width }, this.#decoder.dtype));
    const predictNoise = async (sample: Float32Array<ArrayBuffer>, timestep: number) => {
      const time = networks.timestepEmbedding(timestep);
      const predicted: Float32Array[] = [];
      for (const context of contexts) {
        await pause();
        throwIfCancelled(signal);
        predicted.push(await unet.run({ sample, time, encoder_hidden_states: context }));
      }
      const all = concat(predicted);
      if (!guided) return all;
      const unconditional = all.subarray(latents.length);
      return all.subarray(0, latents.length).map((conditional, j) => {
        const base = unconditional[j] ?? 0;
        return base + guidanceScale * (conditional - base);
      });
    };
    for (const [i, timestep] of scheduler.timesteps.entries()) {
      onProgress?.({ stage: 'denoise', done: i, total: numInferenceSteps });
      const noisePred = await predictNoise(scheduler.scaleModelInput(latents, i), timestep);
      checkFinite(noisePred, `The UNet's output at step ${i + 1}`, this.backend.dtype);
      const { prevSample, predOriginalSample } = scheduler.step(noisePred, i, latents, { randn, eta });
      checkFinite(prevSample, `What step ${i + 1} made of the latents`, 'float32');
      latents = prevSample;
      if (onStep) {
        const pixels = previewPixels(predOriginalSample, frames, channels, this.#checkpoint.previewFactors);
        onStep({ step: i + 1, total: numInferenceSteps, pixels, width, height, frames });
      }
    }
    onProgress?.({ stage: 'denoise', done: numInferenceSteps, total: numInferenceSteps });
    clock.stop('denoise');

    // 4. latents → frames
    throwIfCancelled(signal);
    const shape = { frames, channels, height, width };
    const images = await this.#decoder.decode(latents, shape, { clock, onProgress, signal });

    return {
      parameters,
      backend: this.backend,
      vaeDtype: this.#decoder.dtype,
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
