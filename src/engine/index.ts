/** The engine's whole face: prompt → frames. */

export { type DeviceFacts, deviceFacts } from '../platform/device-facts';
export { type AdapterFacts, adapterFacts } from '../platform/gpu-device';
export * from './assess-checkpoint';
export type { Alternative, DeviceNeeds, DeviceReport, Lack, Shortfall, VideoSize } from './device-needs';
export { checkCheckpoint, loadCheckpoint } from './load-checkpoint';
export type { SchedulerName } from './schedulers';
export { type SchedulerDescription, schedulerDescriptions, schedulerNames } from './schedulers/descriptions';
export * from './source';
export { type GenerateOptions, type LoadPipelineOptions, TextToVideoPipeline } from './text-to-video';
export * from './types';
