/** What goes into the pipeline and what comes out, for every realm that calls it. Serialisable, but for callbacks and signals. */
import type { ParameterValues } from './parameters';
import type { SchedulerName } from './schedulers';

export type Device = 'webgpu' | 'wasm';
export type Dtype = 'float16' | 'float32';

/**
 * `keep-ready`: all networks stay on the device between videos. `low-memory`: one network at a time, each freed before the next
 * one loads, and loaded again for the next video.
 */
export const memoryPolicies = ['keep-ready', 'low-memory'] as const;
export type MemoryPolicy = (typeof memoryPolicies)[number];

/** What the checkpoint itself recommends, from its configs. */
export interface CheckpointInfo {
  id: string;
  /** Size that sample_size in the configs asks for, in pixels. */
  height: number;
  width: number;
  /** Pixels per latent: 2 ** (VAE levels - 1). */
  vaeScaleFactor: number;
  latentChannels: number;
  /** Tokens that the text encoder takes, 77 for CLIP. */
  maxTokens: number;
  scheduler: SchedulerName;
}

/** Where a pipeline runs, as it was decided at load time. */
export interface Backend {
  device: Device;
  dtype: Dtype;
  /** The adapter's own words, for example "google swiftshader"; empty on wasm. */
  adapter: string;
  /** The adapter runs on the CPU. */
  software: boolean;
  /** wasm threads; 1 where the page is not cross-origin isolated. */
  threads: number;
}

/**
 * `fetch` and `load` count bytes (total 0 as long as it is not known), `denoise` steps, `decode` frames; the others have total 1.
 * `load` and `encode` come only where a network is not ready, or a prompt not known, yet; `decode` starts again where the VAE
 * overflows in float16.
 */
export type Stage = 'open' | 'fetch' | 'load' | 'tokenize' | 'encode' | 'denoise' | 'decode';

/** The name of a network's folder and of its entry in model_index.json: `text_encoder`, `unet`, `vae` and the like. */
export type Component = string;

/** One of a pipeline's networks. */
export interface NetworkPlace {
  component: Component;
  /** For people, within a sentence. */
  label: string;
  /** Its place among the pipeline's `count` networks, from 0. */
  index: number;
  count: number;
}

export interface Progress {
  stage: Stage;
  /** Of `fetch` and `load`: what is fetched or loaded. */
  network?: NetworkPlace;
  done: number;
  total: number;
}

/** After every denoising step: the video as the model sees it so far. */
export interface StepPreview {
  /** 1 to total. */
  step: number;
  total: number;
  /** RGBA frames of the size of latents, or of the video where a tiny decoder makes them, one after the other: [frames, height, width, 4]. */
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

export interface GeneratedVideo {
  /** With what stood for those that were left out. */
  parameters: ParameterValues;
  backend: Backend;
  /** What the decoder computed in: float32 where float16 overflowed. */
  vaeDtype: Dtype;
  checkpoint: string;
  /** Id of the folder of the decoder that took the VAE's place; undefined where none did. */
  decoder: string | undefined;
  adapters: readonly AdapterUse[];
  /** RGBA, [height, width, 4] each, alpha 255. */
  frames: Uint8ClampedArray<ArrayBuffer>[];
  /** The final latents, as diffusers returns them with output_type="latent": [1, channels, frames, height / scale, width / scale]. */
  latents: Float32Array<ArrayBuffer>;
  latentsShape: readonly number[];
  /** Tokens of prompt and negative prompt that did not fit in the text encoder's window and were dropped. */
  truncatedTokens: { prompt: number; negativePrompt: number };
  timings: Timings;
  memory: MemoryUse;
}

export interface MemoryUse {
  /** Bytes of GPU buffers that lived at the same time, at most. 0 on wasm. */
  gpuBytesAtPeak: number;
  /** Compute dispatches of the whole generation. 0 on wasm. */
  dispatches: number;
}
