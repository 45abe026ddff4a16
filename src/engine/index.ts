/** The engine's whole face: prompt → frames. */
export * from './source';
export * from './types';
export { adapterFacts, type AdapterFacts } from './runtime/gpu-device';
export { type GenerateOptions, type LoadPipelineOptions, TextToVideoPipeline } from './text-to-video';
