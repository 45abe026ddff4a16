/** What this browser and machine can do. */
export { candidates, isSupported, type Mp4Codec } from './codecs';
export { hasJspi, machineMemory, wasmThreads } from './device-facts';
export { type AdapterFacts, adapterFacts } from './gpu-device';
