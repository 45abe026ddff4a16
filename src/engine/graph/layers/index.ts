/**
 * The layers that the networks are made of, and the only place that knows what a backend likes: channels-last on WebGPU with
 * fused norms, channels-first on the wasm CPU provider with the norm taken apart. Each takes first the module that its parameters
 * belong to; their names are PyTorch's.
 */
export * from './activation';
export * from './attention';
export * from './conv';
export * from './feature-map';
export type { FeatureMap } from './layout';
export * from './linear';
export * from './norm';
