/** Loads the onnxruntime-web build that fits the browser. Only this folder imports onnxruntime-web. */

import { hasJspi, wasmThreads } from '../../platform/device-facts';
import { KinoraError } from '../../shared/errors';
import type { Device } from '../types';

export type OnnxRuntime = typeof import('onnxruntime-web');

const loaded = new Map<string, Promise<OnnxRuntime>>();
/** The runtime's message when it crashed. All builds of one realm count as one, because errors do not tell them apart. */
let broken: string | undefined;

/** The native WebGPU provider needs WebAssembly's JSPI, or a build twice as large that works without it. */
function build(device: Device): 'jspi' | 'asyncify' | 'wasm' {
  if (device === 'wasm') return 'wasm';
  return hasJspi() ? 'jspi' : 'asyncify';
}

/** Whether the runtime reads weights from a Blob piece by piece; otherwise it first reads each file as a whole. */
export function streamsBlobs(device: Device): boolean {
  return build(device) === 'jspi';
}

async function load(name: 'jspi' | 'asyncify' | 'wasm'): Promise<OnnxRuntime> {
  const ort = await importBuild(name).catch((error: unknown) => {
    throw new KinoraError('part-not-loaded', `onnxruntime could not be loaded: ${String(error)}`, { cause: error });
  });
  ort.env.logLevel = 'error';
  return ort;
}

/** Messages of browsers about invalid wasm, and of the runtime about wasm that could not be loaded. */
const notWasm = /no available backend found.*(CompileError|LinkError|[45]\d\d : |fetch|import|Load failed)/is;

/**
 * The runtime fetches its wasm when the first session is created. If that fails because of the file, it is requested from its
 * host again, so that no cache keeps the wrong file. This runtime will not retry: that takes another worker.
 * @returns `part-not-loaded`, or undefined if `error` is of another kind
 */
export async function wasmFailure(ort: OnnxRuntime, error: unknown): Promise<KinoraError | undefined> {
  const { wasmPaths } = ort.env.wasm;
  const url = typeof wasmPaths === 'object' ? String(wasmPaths.wasm) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (!notWasm.test(message)) return undefined;
  const now = await fetch(url, { cache: 'reload' }).then(
    (answer) => `its host now answers with status ${answer.status} and ${answer.headers.get('Content-Type')}`,
    () => 'its host does not answer',
  );
  return new KinoraError('part-not-loaded', `${url} cannot be used, and ${now}. ${message}`, { cause: error });
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

/** To be called with everything the runtime throws: after some errors, no call in this realm can succeed. */
export function noteFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  // wasm that aborted or trapped; or a session whose creation was interrupted and blocks the next one
  if (error instanceof WebAssembly.RuntimeError || /Aborted\(|another WebGPU EP inference session/.test(message)) {
    broken ??= message;
  }
}

/** Whether no call in this realm can succeed any more. */
export function runtimeHasBroken(): boolean {
  return broken !== undefined;
}

/**
 * Loads the runtime on the first call; later calls share it.
 * @throws KinoraError `worker-died` if it has crashed, which only a new worker can repair; `part-not-loaded`
 */
export async function onnxRuntime(device: Device): Promise<OnnxRuntime> {
  if (broken !== undefined) {
    throw new KinoraError('worker-died', `The runtime in this worker has crashed; a new worker is needed: ${broken}`);
  }
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
