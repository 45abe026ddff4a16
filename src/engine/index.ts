/** The face of the engine: prompt → frames. */

export { type DeviceFacts, deviceFacts } from '../platform/device-facts';
export { type AdapterFacts, adapterFacts } from '../platform/gpu-device';
export * from './assess-checkpoint';
export type { Alternative, DeviceNeeds, DeviceReport, Lack, Shortfall } from './device-needs';
export { type ComponentFiles, type FolderContents, type FolderKind, folderKinds } from './folders';
export { checkCheckpoint, loadCheckpoint, loadDecoder } from './load-checkpoint';
export type { NetworkDefinition } from './networks/definition';
export type { JobOptions } from './networks-on-device';
export type { ParameterName, ParameterValues } from './parameters';
export type { GenerationParameters } from './parameters/values';
export { type DenoiseOptions, denoise } from './pipeline/denoise';
export {
  type Denoiser,
  type GuidanceInterval,
  guidanceInterval,
  guided,
  type PromptDenoiser,
} from './pipeline/denoiser';
export type { FrameDecoder } from './pipeline/frame-decoder';
export { initialLatents, type LatentShape } from './pipeline/initial-latents';
export type { PipelineParts } from './pipeline/parts';
export type { EncodedPrompt, PromptEncoder } from './pipeline/prompt-encoder';
export { type NetworkDefinitions, type PipelineDefinition, placeOf, type VideoSize } from './pipelines/definition';
export { torchRandn } from './random';
export type { SchedulerName } from './schedulers';
export { type SchedulerDescription, schedulerDescriptions, schedulerNames } from './schedulers/descriptions';
export type { Scheduler, SchedulerStep, StepOptions } from './schedulers/scheduler';
export * from './source';
export {
  type AdapterRequest,
  type GenerateOptions,
  type LoadPipelineOptions,
  TextToVideoPipeline,
} from './text-to-video';
export * from './types';
