/** How a checkpoint reaches the engine: small files as they are, weights as a table of tensors and where their bytes lie. */

import type { TensorDtype } from '../shared/dtypes';
import type { Component } from './types';

/** A tensor's type and shape, as the header of a safetensors file tells. */
export interface TensorSpec {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
}

/** A tensor whose bytes are `[offset, offset + byteLength)` of `Weights.files[file]`; row-major, little-endian. */
export interface StoredTensor extends TensorSpec {
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
}

/** All tensors of one component. The files are Blobs, so that their bytes stay out of JavaScript's memory until they are read. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly files: ReadonlyMap<string, Blob>;
}

export interface LoadOptions {
  /** Called with the component's bytes that are at hand so far, and all of them. */
  onProgress?: (bytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/** What describes a LoRA adapter: its tensors' types and shapes, and the small files that say how they are meant. */
export interface AdapterTable {
  /** For messages. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorSpec>;
  /** `__metadata__` of safetensors. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Text of adapter_config.json, where there is one. */
  readonly config: string | undefined;
}

/** A LoRA adapter, wherever it lies. Every method throws KinoraError. */
export interface AdapterSource {
  /** Stable name: the same weights at the same place have the same id. */
  readonly id: string;
  /** Reads headers and small files only: no weight is fetched. */
  table(signal?: AbortSignal): Promise<AdapterTable>;
  /** Fetches what is not at hand yet. */
  weights(options?: LoadOptions): Promise<Weights>;
}

/** A diffusers folder, wherever it lies. Every method throws KinoraError. */
export interface CheckpointSource {
  /** Stable name: the same weights at the same place have the same id. */
  readonly id: string;
  /** A file of the folder as text, for example `unet/config.json`. */
  text(path: string, signal?: AbortSignal): Promise<string>;
  /** Like `text`, but undefined where the folder has no such file. */
  optionalText(path: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Reads the header only: no weight is fetched. */
  tensors(component: Component, signal?: AbortSignal): Promise<ReadonlyMap<string, TensorSpec>>;
  /** Fetches what is not stored yet, and hands out where the bytes are. */
  weights(component: Component, options?: LoadOptions): Promise<Weights>;
}
