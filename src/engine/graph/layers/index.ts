/**
 * The layers that the networks are built from, and the only place that knows what a backend prefers: channels-last on WebGPU with
 * fused norms, channels-first on the wasm CPU provider with decomposed norms. The first argument is the module that the
 * parameters belong to; their names are PyTorch's.
 */
export * from './activation';
export * from './attention';
export * from './conv';
export * from './feature-map';
export type { FeatureMap } from './layout';
export * from './linear';
export * from './norm';
