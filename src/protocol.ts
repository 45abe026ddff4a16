/** Every type that crosses between page and worker, and the little of the engine that the page uses by itself. */
import type {
  Backend,
  CheckpointInfo,
  Device,
  DeviceReport,
  Dtype,
  GeneratedVideo,
  GenerationParameters,
  MemoryPolicy,
  Progress,
  StepPreview,
  VideoSize,
} from './engine';
import type { EncodedVideo } from './media';

// what the page knows of the engine, it knows from here
export { type AdapterFacts, adapterFacts } from './engine/runtime/gpu-device';
export { type SchedulerName, schedulerNames } from './engine/types';
export type {
  Backend,
  CheckpointInfo,
  Device,
  DeviceReport,
  Dtype,
  EncodedVideo,
  GeneratedVideo,
  GenerationParameters,
  MemoryPolicy,
  StepPreview,
  VideoSize,
};

export interface LoadRequest {
  /** Base URL of a diffusers folder, absolute. */
  url: string;
  device: Device | 'auto';
  dtype: Dtype | 'auto';
  /** Left out: 'auto'. */
  memory?: MemoryPolicy | 'auto';
}

export interface AssessRequest extends VideoSize {
  /** Base URL of a diffusers folder, absolute. */
  url: string;
}

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
