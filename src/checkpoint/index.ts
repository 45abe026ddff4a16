/** Diffusers folders as the engine takes them. */
export { type OpenOptions, openCheckpoint } from './open-checkpoint';
