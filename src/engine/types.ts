/** The pipeline's inputs and outputs, for every realm that calls it. Serialisable except for callbacks and signals. */
import type { ParameterValues } from './parameters';
import type { SchedulerName } from './schedulers';

/** Where networks run: on the GPU, or on the CPU in WebAssembly. */
export type Device = 'webgpu' | 'wasm';
/** The type that networks compute in. */
export type Dtype = 'float16' | 'float32';

/**
 * `keep-ready`: all networks stay on the device between videos. `low-memory`: one network at a time, each freed before the next
 * one loads, and loaded again for the next video.
 */
export const memoryPolicies = ['keep-ready', 'low-memory'] as const;
/** One of `memoryPolicies`. */
export type MemoryPolicy = (typeof memoryPolicies)[number];

/** What the checkpoint's configs recommend. */
export interface CheckpointInfo {
  id: string;
  /** Pixels, from sample_size in the configs. */
  height: number;
  width: number;
  /** Pixels per latent: 2 ** (VAE levels - 1). */
  vaeScaleFactor: number;
  latentChannels: number;
  /** Number of tokens that the text encoder takes, 77 for CLIP. */
  maxTokens: number;
  scheduler: SchedulerName;
}

/** Where a pipeline runs, as decided when it was loaded. */
export interface Backend {
  device: Device;
  dtype: Dtype;
  /** The adapter's description, for example "google swiftshader"; empty on wasm. */
  adapter: string;
  /** Whether the adapter runs on the CPU. */
  software: boolean;
  /** Number of wasm threads; 1 if the page is not cross-origin isolated. */
  threads: number;
}

/**
 * `fetch` and `load` count bytes (total 0 while unknown), `denoise` steps, `decode` frames; the others have total 1. `load` and
 * `encode` occur only if a network is not ready, or a prompt not encoded, yet; `decode` starts again if the VAE overflows in
 * float16.
 */
export type Stage = 'open' | 'fetch' | 'load' | 'tokenize' | 'encode' | 'denoise' | 'decode';

/** The name of a network's folder and of its entry in model_index.json: `text_encoder`, `unet`, `vae` and the like. */
export type Component = string;

/** One of a pipeline's networks. */
export interface NetworkPlace {
  component: Component;
  /** Name for people, as part of a sentence. */
  label: string;
  /** Its position among the pipeline's `count` networks, from 0. */
  index: number;
  count: number;
}

/** How far a job is: `done` of `total`, in the unit of its stage. */
export interface Progress {
  stage: Stage;
  /** For `fetch` and `load`: the network that is fetched or loaded. */
  network?: NetworkPlace;
  done: number;
  total: number;
}

/** The model's estimate of the video after a denoising step. */
export interface StepPreview {
  /** 1 to total. */
  step: number;
  total: number;
  /** RGBA frames [frames, height, width, 4], in the size of the latents, or of the video if a tiny decoder makes them. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
  frames: number;
}

/** Milliseconds per stage of one generation. */
export type Timings = Record<'tokenize' | 'encode' | 'load' | 'denoise' | 'decode' | 'total', number>;

/** An adapter that a video is made with. */
export interface AdapterUse {
  /** Of its source. */
  id: string;
  /** What its products are multiplied by. */
  scale: number;
}

/** A finished video, and how it was made. */
export interface GeneratedVideo {
  /** All parameters, including the values used for those left out. */
  parameters: ParameterValues;
  backend: Backend;
  /** The type that the decoder computed in: float32 if float16 overflowed. */
  vaeDtype: Dtype;
  checkpoint: string;
  /** Id of the folder of the decoder that replaced the VAE; undefined if none did. */
  decoder: string | undefined;
  adapters: readonly AdapterUse[];
  /** RGBA frames, [height, width, 4] each, alpha 255. */
  frames: Uint8ClampedArray<ArrayBuffer>[];
  /**
   * The final latents, as diffusers returns them with output_type="latent": [1, channels, frames, height / scale, width / scale].
   */
  latents: Float32Array<ArrayBuffer>;
  latentsShape: readonly number[];
  /** Tokens of prompt and negative prompt that did not fit in the text encoder's window and were dropped. */
  truncatedTokens: { prompt: number; negativePrompt: number };
  timings: Timings;
  memory: MemoryUse;
}

/** What a generation used of the GPU. */
export interface MemoryUse {
  /** Peak bytes of GPU buffers. 0 on wasm. */
  gpuBytesAtPeak: number;
  /** Number of compute dispatches of the whole generation. 0 on wasm. */
  dispatches: number;
}
