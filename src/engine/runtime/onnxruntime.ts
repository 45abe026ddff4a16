/** Loads the onnxruntime-web build that fits the browser. Only this folder imports onnxruntime-web. */

import { hasJspi, wasmThreads } from '../../platform/device-facts';
import { KinoraError } from '../../shared/errors';
import type { Device } from '../types';

export type OnnxRuntime = typeof import('onnxruntime-web');

const loaded = new Map<string, Promise<OnnxRuntime>>();
/** What the runtime said when it broke: all builds of one realm count as one, for no one tells them apart by the error. */
let broken: string | undefined;

/** The native WebGPU provider needs WebAssembly's JSPI, or a build twice as large that does without. */
function build(device: Device): 'jspi' | 'asyncify' | 'wasm' {
  if (device === 'wasm') return 'wasm';
  return hasJspi() ? 'jspi' : 'asyncify';
}

/** Whether the runtime reads weights from a Blob piece by piece; else it reads each file whole, before anything else. */
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

/** What browsers say of wasm that is none, and the runtime of one that did not come. */
const notWasm = /no available backend found.*(CompileError|LinkError|[45]\d\d : |fetch|import|Load failed)/is;

/**
 * The runtime fetches its wasm when the first session is created. Where that failed because of the file, its host is asked for it anew,
 * so that no cache keeps what it has. This runtime will not try again: it takes another worker.
 * @returns `part-not-loaded`, or undefined where `error` is of another kind
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

/** Told of everything that the runtime throws: after some of it no call of this realm can succeed any more. */
export function noteFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  // wasm that was aborted, or trapped in the middle of its work; a session whose creation was broken off and blocks the next
  if (error instanceof WebAssembly.RuntimeError || /Aborted\(|another WebGPU EP inference session/.test(message)) {
    broken ??= message;
  }
}

/** No call of this realm can succeed any more. */
export function runtimeHasBroken(): boolean {
  return broken !== undefined;
}

/**
 * Downloads the runtime at the first call; later calls share it.
 * @throws KinoraError `worker-died` where it has broken: only another worker gets another one; `part-not-loaded`
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
