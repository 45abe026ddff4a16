/** A network on a device: an onnxruntime session, with float32 in and out. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { KinoraError } from '../../errors';
import type { NetworkGraph } from '../graph/builder';
import { encodeModel } from '../graph/onnx';
import type { Weights } from '../source';
import type { Device } from '../types';
import { type Aliases, placeWeights } from '../weights';
import { createDevice } from './gpu-device';
import { GpuMeter } from './gpu-meter';
import { holdStreams, releaseStreams } from './held-streams';
import { type OnnxRuntime, onnxRuntime } from './onnxruntime';

/** com.ms.internal.nhwc has the operators of ai.onnx at the same version. */
const opsets = { '': 21, 'com.microsoft': 1, 'com.ms.internal.nhwc': 21 };

export interface NetworkOptions {
  aliases?: Aliases;
  /** Counts what the network does to the GPU. */
  meter?: GpuMeter;
}

export type NetworkInputs = Readonly<Record<string, Float32Array | Int32Array>>;

export class Network {
  readonly #ort: OnnxRuntime;
  readonly #session: InferenceSession;
  readonly #graph: NetworkGraph;
  readonly #destroyDevice: (() => void) | undefined;
  #lost: string | undefined;

  private constructor(ort: OnnxRuntime, session: InferenceSession, graph: NetworkGraph, destroyDevice?: () => void) {
    this.#ort = ort;
    this.#session = session;
    this.#graph = graph;
    this.#destroyDevice = destroyDevice;
  }

  /** Streams the weights to `device`. On WebGPU each network has a GPU device of its own, for only that can be freed. */
  static async create(
    graph: NetworkGraph,
    weights: Weights,
    device: Device,
    options: NetworkOptions = {},
  ): Promise<Network> {
    const ort = await onnxRuntime(device);
    const { initializers, files } = await placeWeights(graph, weights, options.aliases);
    const model = encodeModel({ ...graph, initializers: [...graph.constants, ...initializers], opsets });
    const externalData = files.map(({ path, data }) => ({ path, data: holdStreams(data) }));
    if (device === 'wasm') {
      return new Network(
        ort,
        await createSession(ort, graph.name, model, { externalData, executionProviders: ['wasm'] }),
        graph,
      );
    }
    const gpu = await createDevice();
    const destroy = (options.meter ?? new GpuMeter()).attach(gpu);
    try {
      const session = await createSession(ort, graph.name, model, {
        externalData,
        executionProviders: [
          { name: 'webgpu', device: gpu, storageBufferCacheMode: 'simple', preferredLayout: 'NHWC' },
        ],
        // an operator without a GPU kernel is an error here, not a silent round trip in every step
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      });
      const network = new Network(ort, session, graph, destroy);
      gpu.lost.then((info) => {
        network.#lost = info.message || info.reason;
      });
      return network;
    } catch (error) {
      destroy();
      throw error;
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
        throw new KinoraError('device-lost', `The GPU was lost while ${this.#graph.name} ran: ${this.#lost}`, {
          cause: error,
        });
      }
      throw runtimeError(`${this.#graph.name} failed`, error);
    }
  }

  /** Frees the session and, on WebGPU, everything on its device. */
  async release(): Promise<void> {
    await this.#session.release();
    this.#destroyDevice?.();
  }
}

async function createSession(
  ort: OnnxRuntime,
  name: string,
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw runtimeError(`${name} could not be loaded`, error);
  } finally {
    releaseStreams();
  }
}

function runtimeError(what: string, error: unknown): KinoraError {
  const message = error instanceof Error ? error.message : String(error);
  const memory = /out of memory|bad_alloc|allocation failed|OOM|Aborted\(\)/i.test(message);
  return new KinoraError(memory ? 'out-of-memory' : 'internal', `${what}: ${message}`, { cause: error });
}
