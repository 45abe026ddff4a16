/** The engine's whole face: prompt → frames. */

export { type DeviceFacts, deviceFacts } from '../platform/device-facts';
export { type AdapterFacts, adapterFacts } from '../platform/gpu-device';
export * from './assess-checkpoint';
export type { Alternative, DeviceNeeds, DeviceReport, Lack, Shortfall } from './device-needs';
export { checkCheckpoint, loadCheckpoint } from './load-checkpoint';
export type { NetworkDefinition } from './networks/definition';
export { pipelineOf } from './pipelines';
export { type NetworkDefinitions, type PipelineDefinition, placeOf, type VideoSize } from './pipelines/definition';
export type { SchedulerName } from './schedulers';
export { type SchedulerDescription, schedulerDescriptions, schedulerNames } from './schedulers/descriptions';
export * from './source';
export { type GenerateOptions, type LoadPipelineOptions, TextToVideoPipeline } from './text-to-video';
export * from './types';
