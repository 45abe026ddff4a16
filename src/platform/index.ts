/** Capabilities of this browser and machine. */
export { candidates, isSupported, type Mp4Codec } from './codecs';
export { hasJspi, machineMemory, wasmThreads } from './device-facts';
export { type AdapterFacts, adapterFacts } from './gpu-device';
