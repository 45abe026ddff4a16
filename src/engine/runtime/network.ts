/** A network on a device: an onnxruntime session, with float32 in and out. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { KinoraError } from '../../errors';
import type { NetworkGraph } from '../graph/builder';
import { encodeModel } from '../graph/onnx';
import type { Weights } from '../source';
import type { Device, MemoryUse } from '../types';
import { type Aliases, placeWeights } from '../weights';
import { createDevice, type MeteredDevice } from './gpu-device';
import { type OnnxRuntime, onnxRuntime } from './onnxruntime';

/** com.ms.internal.nhwc has the operators of ai.onnx at the same version. */
const opsets = { '': 21, 'com.microsoft': 1, 'com.ms.internal.nhwc': 21 };

export type NetworkInputs = Readonly<Record<string, Float32Array | Int32Array>>;

export class Network {
  readonly #ort: OnnxRuntime;
  readonly #session: InferenceSession;
  readonly #graph: NetworkGraph;
  readonly #gpu: MeteredDevice | undefined;
  #lost: string | undefined;

  private constructor(ort: OnnxRuntime, session: InferenceSession, graph: NetworkGraph, gpu: MeteredDevice | undefined) {
    this.#ort = ort;
    this.#session = session;
    this.#graph = graph;
    this.#gpu = gpu;
    gpu?.device.lost.then((info) => {
      this.#lost = info.message || info.reason;
    });
  }

  /** Streams the weights to `device`. On WebGPU each network has a GPU device of its own, for only that can be freed. */
  static async create(graph: NetworkGraph, weights: Weights, device: Device, aliases: Aliases = []): Promise<Network> {
    const ort = await onnxRuntime(device);
    const { initializers, files } = await placeWeights(graph, weights, aliases);
    const model = encodeModel({ ...graph, initializers: [...graph.constants, ...initializers], opsets });
    const gpu = device === 'webgpu' ? await createDevice() : undefined;
    const options: InferenceSession.SessionOptions = {
      externalData: files.map(({ path, data }) => ({ path, data })),
      executionProviders: gpu
        ? [{ name: 'webgpu', device: gpu.device, storageBufferCacheMode: 'simple', preferredLayout: 'NHWC' }]
        : ['wasm'],
    };
    // an operator without a GPU kernel is an error here, not a silent round trip in every step
    if (gpu) options.extra = { session: { disable_cpu_ep_fallback: '1' } };
    try {
      return new Network(ort, await ort.InferenceSession.create(model, options), graph, gpu);
    } catch (error) {
      gpu?.destroy();
      throw runtimeError(`${graph.name} could not be loaded`, error);
    }
  }

  /** Runs once. Concurrent runs hang onnxruntime: the caller keeps them in order. Returns the only output, flat. */
  async run(inputs: NetworkInputs): Promise<Float32Array<ArrayBuffer>> {
    const feeds: Record<string, Tensor> = {};
    for (const { name, shape, type } of this.#graph.inputs) {
      const data = inputs[name];
      if (!data) throw new KinoraError('internal', `${this.#graph.name} was run without its input ${name}.`);
      feeds[name] = new this.#ort.Tensor(type, data, shape);
    }
    try {
      const results = await this.#session.run(feeds);
      const output = results[this.#graph.outputs[0]?.name ?? ''];
      const data = await output?.getData();
      if (!(data instanceof Float32Array)) throw new Error('The output is not float32.');
      return data.slice();
    } catch (error) {
      if (this.#lost !== undefined) {
        throw new KinoraError('device-lost', `The GPU was lost while ${this.#graph.name} ran: ${this.#lost}`, { cause: error });
      }
      throw runtimeError(`${this.#graph.name} failed`, error);
    }
  }

  get memory(): MemoryUse {
    return this.#gpu?.use() ?? { gpuBytesAtPeak: 0, dispatches: 0 };
  }

  /** Frees the session and, on WebGPU, everything on its device. */
  async release(): Promise<void> {
    await this.#session.release();
    this.#gpu?.destroy();
  }
}

function runtimeError(what: string, error: unknown): KinoraError {
  const message = error instanceof Error ? error.message : String(error);
  const memory = /out of memory|bad_alloc|allocation failed|OOM|Aborted\(\)/i.test(message);
  return new KinoraError(memory ? 'out-of-memory' : 'internal', `${what}: ${message}`, { cause: error });
}
