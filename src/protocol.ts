/** Every type that crosses between page and worker, and the little of the engine that the page uses by itself. */

import type { Picked } from './checkpoint/picked-folder';
import type {
  Alternative,
  Backend,
  CheckpointInfo,
  Component,
  Device,
  DeviceReport,
  Dtype,
  GeneratedVideo,
  GenerationParameters,
  Lack,
  MemoryPolicy,
  Progress,
  Shortfall,
  StepPreview,
  VideoSize,
} from './engine';
import type { EncodedVideo } from './media';

// what the page knows of the engine and of encoders, it knows from here
export { hasJspi, machineMemory, wasmThreads } from './engine/runtime/device-facts';
export { type AdapterFacts, adapterFacts } from './engine/runtime/gpu-device';
export { type SchedulerName, schedulerNames } from './engine/types';
export { candidates, isSupported, type Mp4Codec } from './media/codecs';
export { readComment } from './media/mp4-comment';
export type {
  Alternative,
  Backend,
  CheckpointInfo,
  Device,
  DeviceReport,
  Dtype,
  EncodedVideo,
  GeneratedVideo,
  GenerationParameters,
  Lack,
  MemoryPolicy,
  Picked,
  Shortfall,
  StepPreview,
  VideoSize,
};

/**
 * A model: the absolute address of its diffusers folder, the id of a stored copy of a folder (`folder:…`), or a folder that the
 * visitor has picked, which is used where it lies.
 */
export type ModelSource = string | Picked;

export interface LoadRequest {
  source: ModelSource;
  device: Device | 'auto';
  dtype: Dtype | 'auto';
  /** Left out: 'auto'. */
  memory?: MemoryPolicy | 'auto';
}

export type AssessRequest = VideoSize & Pick<LoadRequest, 'source' | 'device' | 'dtype'>;

export interface LoadedModel {
  info: CheckpointInfo;
  backend: Backend;
  /** As it was asked for, or chosen for the device. */
  memory: MemoryPolicy;
}

export interface GenerateRequest extends GenerationParameters {
  fps: number;
}

export interface GenerateResult {
  /** Frames are transferred. */
  video: GeneratedVideo;
  mp4: EncodedVideo;
  /** Milliseconds that encoding and muxing took. */
  encodeMilliseconds: number;
}

/** `open` … `decode` from the engine, `mp4` while frames are encoded. */
export type JobProgress = Progress | { stage: 'mp4'; component?: undefined; done: number; total: number };

/** What the generation worker exposes over Comlink. One job at a time; errors are KinoraErrors on both sides. */
export interface GenerationWorker {
  /** What the device lacks for a video of this size. Fetches configs only; needs no loaded model, and may run beside a job. */
  assess(request: AssessRequest): Promise<DeviceReport>;
  load(request: LoadRequest, onProgress: (progress: JobProgress) => void): Promise<LoadedModel>;
  /** Needs a loaded model. */
  generate(
    request: GenerateRequest,
    onProgress: (progress: JobProgress) => void,
    onPreview: (preview: StepPreview) => void,
  ): Promise<GenerateResult>;
  /** Tokens of a text with start and end marks, before truncation. Needs a loaded model. */
  countTokens(text: string): Promise<number>;
  /** Takes effect before the next UNet run; the running call then rejects with `cancelled`. */
  cancel(): void;
}

/** A weight file of a model, as its server describes it before a weight is fetched. */
export interface ModelFile {
  component: Component;
  /** In the folder, for example `unet/diffusion_pytorch_model.fp16.safetensors`. */
  path: string;
  bytes: number;
  /** Of those, what is here already. */
  storedBytes: number;
  /** Its sha256 is known, and will be checked. */
  checked: boolean;
}

export interface ModelFacts {
  /** What the model is stored under; can be given as a source. */
  id: string;
  files: readonly ModelFile[];
  /** Every weight is here: nothing will be fetched. */
  stored: boolean;
  /** As the hub's page of the model gives it, for example `cc-by-nc-4.0`; undefined where nobody says. */
  licence: string | undefined;
}

/** What a running download of a model does at the moment, or the check of a stored one. */
export interface DownloadProgress {
  component: Component;
  /** Bytes of the component's weight file that are here, and all of them. */
  bytes: number;
  totalBytes: number;
  /**
   * `fetching`; `waiting`: the server did not answer or asked to wait, and is tried again at `retryAt`; `watching`: another tab
   * downloads it; `restarted`: the file on the server has changed, and is fetched from its beginning.
   */
  state: 'fetching' | 'waiting' | 'watching' | 'restarted';
  /** Milliseconds as of Date.now(). */
  retryAt?: number;
}

/** A model that is stored, or a part of one. */
export interface StoredModel {
  id: string;
  bytes: number;
  /** All of its weights are there. */
  whole: boolean;
}

/** What the models worker exposes over Comlink. It needs nothing of the engine, and works beside a generation. */
export interface ModelsWorker {
  /** The access token of the hub, for models that are only given to those who signed; kept in the worker's memory. */
  setToken(token: string | undefined): void;
  /** What a model consists of. Fetches its small files and the headers of its weights. */
  inspect(url: string): Promise<ModelFacts>;
  /** Fetches what is not stored yet, until everything is. One at a time; resolves with the model's id. */
  download(url: string, onProgress: (progress: DownloadProgress) => void): Promise<string>;
  /** Ends what is running, which rejects with `cancelled`; what is there stays, and the next download goes on from it. */
  pause(): void;
  /** Copies a folder of the visitor's disk into storage; resolves with the id of the copy. `pause` ends it too. */
  importFolder(folder: Picked, onProgress: (progress: DownloadProgress) => void): Promise<string>;
  list(): Promise<StoredModel[]>;
  /** Reads all of a stored model, and deletes what is not as it was stored; resolves with the bytes of that. */
  check(id: string, onProgress: (progress: DownloadProgress) => void): Promise<number>;
  /** Frees everything of it. */
  delete(id: string): Promise<void>;
}
