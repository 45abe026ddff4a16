import { type AdapterFacts, adapterFacts } from './gpu-device';

/** Everything a browser reports about the device up front. */
export interface DeviceFacts {
  /** Undefined where there is no WebGPU. */
  adapter: AdapterFacts | undefined;
  /** wasm can wait for promises, so that weights stream to the GPU. */
  jspi: boolean;
  /** See machineMemory. */
  memoryBytes: number | undefined;
}

/** Asks the browser about the device. */
export async function deviceFacts(): Promise<DeviceFacts> {
  return { adapter: await adapterFacts(), jspi: hasJspi(), memoryBytes: machineMemory() };
}

/** The machine's memory in bytes as the browser reports it, rounded and capped; undefined if it does not (Firefox, Safari). */
export function machineMemory(): number | undefined {
  // in GiB; not in every browser, so not in TypeScript's types
  const gibibytes: unknown = Reflect.get(navigator, 'deviceMemory');
  return typeof gibibytes === 'number' ? gibibytes * 2 ** 30 : undefined;
}

export function hasJspi(): boolean {
  return 'Suspending' in WebAssembly;
}

/** Threads need SharedArrayBuffer, hence a cross-origin isolated page. More than four gain little and heat laptops. */
export function wasmThreads(): number {
  return globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
}
