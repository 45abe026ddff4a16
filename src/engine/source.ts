/** How the engine accesses a checkpoint: small files as text, weights as a table of tensors and the location of their bytes. */

import type { TensorDtype } from '../shared/dtypes';
import type { Component } from './types';

/** A tensor's type and shape, as in the header of a safetensors file. */
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

/** All tensors of one component. The files are Blobs, so that their bytes stay out of JavaScript's memory until read. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly files: ReadonlyMap<string, Blob>;
}

/** Progress and cancellation of fetching a component's weights. */
export interface LoadOptions {
  /** Called with the component's bytes available so far, and the total. */
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
  /** Stable id: the same weights in the same place have the same id. */
  readonly id: string;
  /** Reads headers and small files only: no weight is fetched. */
  table(signal?: AbortSignal): Promise<AdapterTable>;
  /** Fetches what is not at hand yet. */
  weights(options?: LoadOptions): Promise<Weights>;
}

/** A diffusers folder, wherever it is. Every method throws KinoraError. */
export interface CheckpointSource {
  /** Stable id: the same weights in the same place have the same id. */
  readonly id: string;
  /** A file of the folder as text, for example `unet/config.json`. */
  text(path: string, signal?: AbortSignal): Promise<string>;
  /** Like `text`, but undefined if the folder has no such file. */
  optionalText(path: string, signal?: AbortSignal): Promise<string | undefined>;
  /** The tensors of a component, by name. Reads only the headers; no weights are fetched. */
  tensors(component: Component, signal?: AbortSignal): Promise<ReadonlyMap<string, TensorSpec>>;
  /** Fetches weights that are not stored yet, and returns where the bytes are. */
  weights(component: Component, options?: LoadOptions): Promise<Weights>;
}
