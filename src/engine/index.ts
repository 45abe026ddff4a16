/** The engine's whole face: prompt → frames. */

export { type AdapterFacts, adapterFacts } from './runtime/gpu-device';
export * from './source';
export { type GenerateOptions, type LoadPipelineOptions, TextToVideoPipeline } from './text-to-video';
export * from './types';
