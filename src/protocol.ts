/** Every type that crosses between page and worker; types only. */

import type { Picked, PickedFile } from './checkpoint/picked-folder';
import type {
  Alternative,
  Backend,
  CheckpointInfo,
  Component,
  Device,
  DeviceReport,
  Dtype,
  FolderKind,
  GeneratedVideo,
  GenerationParameters,
  Lack,
  MemoryPolicy,
  NetworkPlace,
  Progress,
  Shortfall,
  StepPreview,
  VideoSize,
} from './engine';
import type { EncodedVideo } from './media';
import type { AccessToken } from './shared/access-token';
import type { ModelSource } from './shared/model-source';

export type { SchedulerName } from './engine/schedulers';
export type {
  Alternative,
  Backend,
  CheckpointInfo,
  Device,
  DeviceReport,
  Dtype,
  EncodedVideo,
  FolderKind,
  GeneratedVideo,
  GenerationParameters,
  Lack,
  MemoryPolicy,
  ModelSource,
  Picked,
  PickedFile,
  Shortfall,
  StepPreview,
  VideoSize,
};

/** A LoRA adapter of a video. */
export interface AdapterLoad {
  /** A folder, or a file of one. */
  source: Exclude<ModelSource<Picked>, { kind: 'stored' }>;
  /** How much of it is added. */
  scale: number;
  /** Of one at another origin: its files, as ModelsWorker.fetchAdapter gives them. */
  files?: readonly PickedFile[];
}

export interface LoadRequest {
  /** A picked folder is used in place. */
  source: ModelSource<Picked>;
  /** A decoder that takes the place of the model's own. */
  decoder?: ModelSource<Picked>;
  /** Left out: none. */
  adapters?: readonly AdapterLoad[] | undefined;
  device: Device | 'auto';
  dtype: Dtype | 'auto';
  /** 'auto' if left out. */
  memory?: MemoryPolicy | 'auto';
}

export type AssessRequest = VideoSize & Pick<LoadRequest, 'source' | 'device' | 'dtype'>;

export interface LoadedModel {
  info: CheckpointInfo;
  backend: Backend;
  /** As requested, or as chosen for the device. */
  memory: MemoryPolicy;
}

export interface GenerateResult {
  /** Frames are transferred. */
  video: GeneratedVideo;
  mp4: EncodedVideo;
  /** Milliseconds spent encoding and muxing. */
  encodeMilliseconds: number;
}

/** `open` to `decode` come from the engine; `mp4` is reported while frames are encoded. */
export type JobProgress = Progress | { stage: 'mp4'; network?: undefined; done: number; total: number };

/**
 * What the generation worker serves. It knows the prompt, so it fetches from its own site only; models from other origins must be
 * stored before. Errors are KinoraErrors on both sides. A signal takes effect before the next run of a network; the call then
 * rejects with `cancelled`.
 */
export interface GenerationWorker {
  /** Whether the model can be opened here: it is completely stored, a picked folder, or on the page's own site. */
  has(source: ModelSource<Picked>): Promise<boolean>;
  load(
    load: LoadRequest,
    onProgress: (progress: JobProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<LoadedModel>;
  /** Loads the model unless it is already loaded, and makes a video. One at a time. */
  generate(
    load: LoadRequest,
    parameters: GenerationParameters,
    onProgress: (progress: JobProgress) => void,
    onPreview: ((preview: StepPreview) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<GenerateResult & LoadedModel>;
  /** Tokens of a text with start and end marks, before truncation; undefined if no model is loaded. */
  countTokens(text: string): Promise<number | undefined>;
}

/** A weight file of a model, as its server describes it before a weight is fetched. */
export interface ModelFile {
  component: Component;
  /** Path in the folder, for example `unet/diffusion_pytorch_model.fp16.safetensors`. */
  path: string;
  bytes: number;
  /** Bytes of it that are already stored. */
  storedBytes: number;
  /** Its sha256 is known, and will be checked. */
  checked: boolean;
}

export interface ModelFacts {
  /** Id that the model is stored under; can be used as a source. */
  id: string;
  files: readonly ModelFile[];
  /** All weights are stored: nothing will be fetched. */
  stored: boolean;
  /** As stated on the model's hub page, for example `cc-by-nc-4.0`; undefined if unknown. */
  licence: string | undefined;
}

/** Current state of a model's download, or of the check of a stored model. */
export interface DownloadProgress {
  network: NetworkPlace;
  /** Bytes of the network's weights stored so far; `totalBytes` is all of them. */
  bytes: number;
  totalBytes: number;
  /**
   * `fetching`; `waiting`: the server did not answer or asked to wait, next try at `retryAt`; `watching`: another tab downloads
   * it; `restarted`: the file on the server has changed, so its download starts over.
   */
  state: 'fetching' | 'waiting' | 'watching' | 'restarted';
  /** Time in milliseconds, like Date.now(). */
  retryAt?: number;
}

/** What the check of a stored model found damaged, and deleted. */
export interface Damage {
  /** Bytes of weights. */
  bytes: number;
  /** Number of small files and manifests. */
  files: number;
}

/** A model that is stored, completely or in part. */
export interface StoredModel {
  id: string;
  bytes: number;
  /** All of its weights are stored. */
  whole: boolean;
}

/**
 * What the models worker serves: everything fetched from other origins, and everything stored. It runs alongside a generation.
 * `token` is for models whose conditions have to be accepted, and is sent only to its own origin.
 */
export interface ModelsWorker {
  /** What a model consists of. Fetches its small files and the headers of its weights. */
  inspect(url: string, token: AccessToken | undefined, signal: AbortSignal | undefined): Promise<ModelFacts>;
  /** What the device lacks for a video of this size. Fetches configs only. */
  assess(request: AssessRequest, token: AccessToken | undefined): Promise<DeviceReport>;
  /**
   * Fetches what is not stored yet of a folder of this kind; resolves with its id. If aborted, it rejects with `cancelled`: what
   * is stored stays, and the next download continues from there. One download, import or check at a time.
   */
  download(
    url: string,
    kind: FolderKind,
    token: AccessToken | undefined,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<string>;
  /** Fetches a LoRA adapter for the generation worker, which asks nobody but its own site. It is not stored. */
  fetchAdapter(
    url: string,
    token: AccessToken | undefined,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<readonly PickedFile[]>;
  /** Copies a folder from the visitor's disk into storage; resolves with the id of the copy. */
  importFolder(
    folder: Picked,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<string>;
  list(): Promise<StoredModel[]>;
  /** Reads all of a stored model, and deletes what is damaged. */
  check(id: string, onProgress: (progress: DownloadProgress) => void, signal: AbortSignal | undefined): Promise<Damage>;
  /** Deletes everything stored of it. */
  delete(id: string): Promise<void>;
}
