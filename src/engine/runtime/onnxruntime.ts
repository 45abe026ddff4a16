/** Loads the onnxruntime-web build that fits the browser. Only this folder imports onnxruntime-web. */
import type { Device } from '../types';

export type OnnxRuntime = typeof import('onnxruntime-web');

const loaded = new Map<string, Promise<OnnxRuntime>>();

/** The native WebGPU provider needs WebAssembly's JSPI, or a build twice as large that does without. */
function build(device: Device): 'jspi' | 'asyncify' | 'wasm' {
  if (device === 'wasm') return 'wasm';
  return 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
}

/** Threads need SharedArrayBuffer, so a cross-origin isolated page. More than four gain little and heat laptops. */
export function wasmThreads(): number {
  return globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
}

async function load(name: 'jspi' | 'asyncify' | 'wasm'): Promise<OnnxRuntime> {
  const ort = await importBuild(name);
  ort.env.logLevel = 'error';
  return ort;
}

async function importBuild(name: 'jspi' | 'asyncify' | 'wasm'): Promise<OnnxRuntime> {
  if (name === 'jspi') {
    const [ort, mjs, wasm] = await Promise.all([
      import('onnxruntime-web/jspi'),
      import('onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url'),
      import('onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url'),
    ]);
    ort.env.wasm.wasmPaths = { mjs: mjs.default, wasm: wasm.default };
    ort.env.wasm.numThreads = 1;
    return ort;
  }
  if (name === 'asyncify') {
    const [ort, mjs, wasm] = await Promise.all([
      import('onnxruntime-web/webgpu'),
      import('onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url'),
      import('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'),
    ]);
    ort.env.wasm.wasmPaths = { mjs: mjs.default, wasm: wasm.default };
    ort.env.wasm.numThreads = 1;
    return ort;
  }
  const [ort, mjs, wasm] = await Promise.all([
    import('onnxruntime-web/wasm'),
    import('onnxruntime-web/ort-wasm-simd-threaded.mjs?url'),
    import('onnxruntime-web/ort-wasm-simd-threaded.wasm?url'),
  ]);
  ort.env.wasm.wasmPaths = { mjs: mjs.default, wasm: wasm.default };
  ort.env.wasm.numThreads = wasmThreads();
  return ort;
}

/** Downloads and starts the runtime at the first call; later calls share it. */
export function onnxRuntime(device: Device): Promise<OnnxRuntime> {
  const name = build(device);
  let ort = loaded.get(name);
  if (!ort) {
    ort = load(name);
    loaded.set(name, ort);
    // a failed download may be tried again
    ort.catch(() => loaded.delete(name));
  }
  return ort;
}
