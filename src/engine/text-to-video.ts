/** The pipeline: prompt → frames. Source: diffusers pipelines/text_to_video_synthesis/pipeline_text_to_video_synth.py. */

import { machineMemory } from '../platform/device-facts';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { deltasOf } from './adapters/load-adapters';
import { chooseBackend } from './backend';
import { Clock } from './clock';
import { loadCheckpoint, type TextToVideoCheckpoint } from './load-checkpoint';
import { chooseMemoryPolicy, weightBytesOf } from './memory-policy';
import { type JobOptions, Networks } from './networks-on-device';
import type { ParameterValues } from './parameters';
import { completeParameters, type GenerationParameters } from './parameters/values';
import { denoise } from './pipeline/denoise';
import { guidanceInterval, guided } from './pipeline/denoiser';
import { initialLatents } from './pipeline/initial-latents';
import { PipelineParts } from './pipeline/parts';
import { torchRandn } from './random';
import type { AdapterSource, CheckpointSource } from './source';
import { swapFirstAxes } from './tensor';
import type {
  AdapterUse,
  Backend,
  CheckpointInfo,
  Device,
  Dtype,
  GeneratedVideo,
  MemoryPolicy,
  StepPreview,
} from './types';

/** A LoRA adapter, and how much of it is added: 1 where nothing is said, 0 for none of it. */
export interface AdapterRequest {
  source: AdapterSource;
  scale?: number;
}

export interface LoadPipelineOptions extends JobOptions {
  /** What is added to the checkpoint's weights, any number of them at once. */
  adapters?: readonly AdapterRequest[];
  device?: Device | 'auto';
  dtype?: Dtype | 'auto';
  memory?: MemoryPolicy | 'auto';
  /**
   * A folder with an AutoencoderTiny, which replaces the checkpoint's VAE as the decoder, and also makes the previews after every
   * step.
   */
  decoder?: CheckpointSource;
}

interface WatchOptions extends JobOptions {
  /** Called after every denoising step. */
  onStep?: (preview: StepPreview) => void;
}

export interface GenerateOptions extends GenerationParameters, WatchOptions {}

/** @throws KinoraError `invalid-argument` */
function checkScales(scales: readonly number[], count: number): void {
  if (scales.length === count && scales.every(Number.isFinite)) return;
  throw new KinoraError('invalid-argument', `Adapters need a finite scale each: ${count} of them, not [${scales}].`);
}

/** Text to video from one checkpoint on one backend. One generation at a time. */
export class TextToVideoPipeline {
  readonly backend: Backend;
  readonly memory: MemoryPolicy;
  readonly #checkpoint: TextToVideoCheckpoint;
  readonly #networks: Networks;
  /** The parts that `generate` is made of, for use in other combinations. */
  readonly parts: PipelineParts;
  #scales: readonly number[];
  #running = false;

  private constructor(
    backend: Backend,
    memory: MemoryPolicy,
    checkpoint: TextToVideoCheckpoint,
    scales: readonly number[],
  ) {
    this.backend = backend;
    this.memory = memory;
    this.#checkpoint = checkpoint;
    this.#networks = new Networks(checkpoint.parts, backend, memory);
    this.parts = new PipelineParts(checkpoint, backend, this.#networks);
    this.#scales = scales;
    this.#adapt();
  }

  /**
   * Reads the configs, checks every tensor's name, shape and type against the networks, then fetches what is not stored yet.
   * Nothing runs on the device before `generate`.
   * @throws KinoraError
   */
  static async fromPretrained(
    source: CheckpointSource,
    options: LoadPipelineOptions = {},
  ): Promise<TextToVideoPipeline> {
    const { device = 'auto', dtype = 'auto', memory = 'auto', adapters = [] } = options;
    const scales = adapters.map(({ scale = 1 }) => scale);
    checkScales(scales, scales.length);
    const backend = await chooseBackend(device, dtype);
    const checkpoint = await loadCheckpoint(source, {
      ...options,
      adapters: adapters.map((adapter) => adapter.source),
    });
    const weightBytes = weightBytesOf(
      Object.values(checkpoint.parts).map(({ weights }) => weights),
      backend.dtype,
    );
    const byItself = chooseMemoryPolicy({ device: backend.device, weightBytes, memoryBytes: machineMemory() });
    return new TextToVideoPipeline(backend, memory === 'auto' ? byItself : memory, checkpoint, scales);
  }

  /** The adapters, in the order in which they were given. */
  get adapters(): readonly AdapterUse[] {
    return this.#checkpoint.adapters.map(({ id }, index) => ({ id, scale: this.#scales[index] ?? 1 }));
  }

  /**
   * Other scales for the same adapters, from the next video on. Nothing is fetched; the networks that they change are made anew.
   * @param scales one for each of `adapters`
   * @throws KinoraError `invalid-argument`; `busy` while a video is being made
   */
  setAdapters(scales: readonly number[]): void {
    checkScales(scales, this.#checkpoint.adapters.length);
    if (scales.every((scale, index) => scale === this.#scales[index])) return;
    if (this.#running) throw new KinoraError('busy', 'A generation is running; wait for it or cancel it.');
    this.#scales = [...scales];
    this.#adapt();
  }

  #adapt(): void {
    const { adapters, networks } = this.#checkpoint;
    const scaled = adapters.map((adapter, index) => ({ ...adapter, scale: this.#scales[index] ?? 1 }));
    const deltas = Object.keys(networks).map((component) => [component, deltasOf(component, scaled)] as const);
    this.#networks.setDeltas(Object.fromEntries(deltas));
    this.parts.promptEncoder.forget();
  }

  get info(): CheckpointInfo {
    return this.#checkpoint.info;
  }

  /** Number of tokens in `text`, including start and end marks, before truncation to `info.maxTokens`. */
  countTokens(text: string): number {
    return this.#checkpoint.tokenizer.encode(text).tokens;
  }

  /**
   * Makes a video from a prompt. After an error, the next call works; only after `worker-died` the realm has to be abandoned.
   * @throws KinoraError `invalid-argument`, `busy`, `cancelled`, `numerics`, `out-of-memory`, `device-lost`, `device-limits`,
   *   `worker-died`
   */
  async generate(options: GenerateOptions): Promise<GeneratedVideo> {
    const { onProgress, onStep, signal, ...given } = options;
    const parameters = completeParameters(given, this.info);
    if (this.#running) throw new KinoraError('busy', 'A generation is running; wait for it or cancel it.');
    this.#running = true;
    try {
      return await this.#generate(parameters, { onProgress, onStep, signal });
    } finally {
      this.#running = false;
    }
  }

  async #generate(parameters: ParameterValues, { onStep, ...job }: WatchOptions): Promise<GeneratedVideo> {
    const { numInferenceSteps: total, guidanceScale, guidanceStart, guidanceStop, eta } = parameters;
    const { parts } = this;
    const clock = new Clock();
    this.#networks.clock = clock;
    this.#networks.meter.reset();
    const shape = parts.latentShape(parameters);
    const scheduler = parts.scheduler(total, parameters.scheduler);
    const interval = guidanceInterval(scheduler.timesteps, guidanceStart, guidanceStop);
    const guides = parts.guides(guidanceScale) && interval.size > 0;
    const oneByOne = interval.size < total;
    const texts = guides ? [parameters.prompt, parameters.negativePrompt] : [parameters.prompt];

    // 1. prompt → [1, tokens, D], and the same for the negative prompt
    parts.prepareDenoiser(shape, texts.length, { oneByOne });
    const prompts = await parts.promptEncoder.encode(texts, job);

    // 2. seed → latents
    const randn = torchRandn(parameters.seed);
    const noise = initialLatents(shape, randn, scheduler.initNoiseSigma);

    // 3. denoise
    const unet = await parts.denoiser(shape, prompts, { guidanceScale, oneByOne, ...job });
    parts.frameDecoder.prepare(shape);
    const report = (done: number) => job.onProgress?.({ stage: 'denoise', done, total });
    const latents = await clock.time('denoise', () =>
      denoise(noise, guided(unet, guidanceScale, interval), scheduler, {
        ...{ randn, eta, onStart: report },
        onStep: async (step, sample) => {
          onStep?.({ step: step + 1, total, ...(await parts.preview(sample, shape, { signal: job.signal })) });
        },
      }),
    );
    report(total);
    throwIfCancelled(job.signal);

    // 4. latents → frames
    const frames = await parts.frameDecoder.decode(latents, shape, job);

    return {
      parameters,
      backend: this.backend,
      vaeDtype: parts.frameDecoder.dtype,
      checkpoint: this.#checkpoint.source.id,
      decoder: this.#checkpoint.decoder?.id,
      adapters: this.adapters,
      frames,
      latents: swapFirstAxes(latents, shape.frames, shape.channels),
      latentsShape: [1, shape.channels, shape.frames, shape.height, shape.width],
      truncatedTokens: { prompt: prompts[0]?.truncated ?? 0, negativePrompt: prompts[1]?.truncated ?? 0 },
      timings: clock.timings(),
      memory: this.#networks.meter.use,
    };
  }

  /** Frees the networks and their GPU devices. The pipeline cannot be used afterwards. */
  dispose(): Promise<void> {
    return this.#networks.release();
  }
}
