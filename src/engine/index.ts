/** The engine's whole face: prompt → frames. */
export * from './source';
export * from './types';
