/** A network on a device: an onnxruntime session, with float32 in and out. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { createDevice } from '../../platform/gpu-device';
import { KinoraError } from '../../shared/errors';
import { type NetworkGraph, size } from '../graph/builder';
import { encodeModel, type Node } from '../graph/onnx';
import type { Weights } from '../source';
import type { Device } from '../types';
import { type Aliases, type ExternalFile, placeWeights } from '../weights';
import { DeviceWatch } from './device-watch';
import { failure } from './failures';
import { GpuMeter } from './gpu-meter';
import { noteFailure, type OnnxRuntime, onnxRuntime, streamsBlobs, wasmFailure } from './onnxruntime';
import { releaseStreams, weightBlob } from './weight-streams';

/** com.ms.internal.nhwc has the operators of ai.onnx, at the same version. */
const opsets = { '': 21, 'com.microsoft': 1, 'com.ms.internal.nhwc': 21 };

/** A network that is ready for its device, but occupies nothing there yet. */
export interface PreparedNetwork {
  readonly graph: NetworkGraph;
  readonly device: Device;
  readonly ort: OnnxRuntime;
  /** The graph as an encoded ONNX model. */
  readonly model: Uint8Array;
  readonly files: readonly ExternalFile[];
  /** Bytes that the runtime will read from the files. */
  readonly bytes: number;
}

export interface StartOptions {
  /** Counts the network's use of the GPU. */
  meter?: GpuMeter;
  /** Called about a hundred times with the bytes of weights read so far, and the total. */
  onProgress?: (bytes: number, totalBytes: number) => void;
}

export type NetworkInputs = Readonly<Record<string, Float32Array | Int32Array>>;

/**
 * Loads the runtime if necessary, writes the model, and converts the weights that need it. Only JavaScript: the only part of
 * loading that may happen while another network runs, since onnxruntime does one thing at a time.
 */
export async function prepareNetwork(
  graph: NetworkGraph,
  weights: Weights,
  device: Device,
  aliases: Aliases = [],
): Promise<PreparedNetwork> {
  const ort = await onnxRuntime(device);
  const { initializers, files } = await placeWeights(graph, weights, aliases);
  const model = encodeModel({
    ...graph,
    nodes: inFile(graph),
    initializers: [...graph.constants, ...initializers],
    opsets,
  });
  const lengths = streamsBlobs(device) ? initializers.map(({ length }) => length) : files.map(({ data }) => data.size);
  return { graph, device, ort, model, files, bytes: lengths.reduce((sum, length) => sum + length, 0) };
}

/**
 * The nodes as they stand in the file: first those that compute weights from weights. onnxruntime walks from the outputs, and of what a
 * node reads it computes first what stands last in the file. A weight in front of its only reader would so be computed before
 * everything else, and all of them would be in memory at once (12 sums of 1 MB each: 25.4 MB at peak, and 13.8 MB in this order).
 */
function inFile({ nodes, uses, constants }: NetworkGraph): Node[] {
  const fixed = new Set(['', ...[...uses, ...constants].map(({ name }) => name)]);
  const first: Node[] = [];
  const others: Node[] = [];
  for (const node of nodes) {
    const isFixed = node.inputs.every((input) => fixed.has(input));
    if (isFixed) fixed.add(node.output);
    (isFixed ? first : others).push(node);
  }
  return [...first, ...others];
}

export class Network {
  readonly #ort: OnnxRuntime;
  readonly #session: InferenceSession;
  readonly #graph: NetworkGraph;
  readonly #watch: DeviceWatch | undefined;
  readonly #destroyDevice: (() => void) | undefined;

  private constructor(
    { ort, graph }: PreparedNetwork,
    session: InferenceSession,
    watch?: DeviceWatch,
    destroyDevice?: () => void,
  ) {
    this.#ort = ort;
    this.#graph = graph;
    this.#session = session;
    this.#watch = watch;
    this.#destroyDevice = destroyDevice;
  }

  /** `prepareNetwork` and `start` in one. */
  static async create(
    graph: NetworkGraph,
    weights: Weights,
    device: Device,
    { aliases, ...options }: StartOptions & { aliases?: Aliases } = {},
  ): Promise<Network> {
    return Network.start(await prepareNetwork(graph, weights, device, aliases), options);
  }

  /**
   * Streams the weights to the device. On WebGPU each network has its own GPU device, because only a whole device can be freed.
   * No other network may run or start meanwhile.
   * @throws KinoraError `out-of-memory`, `device-lost`, `device-limits`, `no-webgpu`, `worker-died`, `part-not-loaded`
   */
  static async start(prepared: PreparedNetwork, options: StartOptions = {}): Promise<Network> {
    const { device, files, bytes } = prepared;
    const onBytes = progressOf(bytes, options.onProgress);
    const externalData = files.map(({ path, data }) => ({ path, data: weightBlob(data, onBytes) }));
    if (device === 'wasm') {
      return new Network(prepared, await createSession(prepared, { externalData, executionProviders: ['wasm'] }));
    }
    const gpu = await createDevice();
    const destroy = (options.meter ?? new GpuMeter()).attach(gpu);
    const watch = new DeviceWatch(gpu);
    try {
      const sessionOptions: InferenceSession.SessionOptions = {
        externalData,
        executionProviders: [
          { name: 'webgpu', device: gpu, storageBufferCacheMode: 'simple', preferredLayout: 'NHWC' },
        ],
        // an operator without a GPU kernel is an error here, not a silent round trip in every step
        extra: {
          session: { disable_cpu_ep_fallback: '1' },
          // weights that adapters are added to would be computed on the CPU, with all of them in the wasm heap
          optimization: { disable_specified_optimizers: 'ConstantFolding' },
        },
      };
      const session = await createSession(prepared, sessionOptions, watch);
      return new Network(prepared, session, watch, destroy);
    } catch (error) {
      destroy();
      throw error;
    }
  }

  /** Whether its device is lost: it can then only be released. */
  get lost(): boolean {
    return this.#watch?.lost ?? false;
  }

  /**
   * Runs once. Concurrent runs break onnxruntime, so the caller must serialize them.
   * @returns the only output, flat
   * @throws KinoraError `invalid-argument` for inputs of the wrong size, `out-of-memory`, `device-lost`, `device-limits`,
   *   `worker-died`, `internal`
   */
  async run(inputs: NetworkInputs): Promise<Float32Array<ArrayBuffer>> {
    const feeds: Record<string, Tensor> = {};
    for (const { name, shape, type } of this.#graph.inputs) {
      const data = inputs[name];
      if (data?.length !== size(shape)) {
        const given = data ? `has ${data.length} values` : 'is not given';
        throw new KinoraError('invalid-argument', `${this.#graph.name} takes [${shape}] as ${name}, which ${given}.`);
      }
      feeds[name] = new this.#ort.Tensor(type, data, shape);
    }
    const what = `${this.#graph.name} failed`;
    try {
      const results = await this.#session.run(feeds);
      const output = results[this.#graph.outputs[0]?.name ?? ''];
      const data = await output?.getData();
      if (!(data instanceof Float32Array)) throw new Error('The output is not float32.');
      if (this.#watch?.failed) throw await failure(what, undefined, this.#watch);
      return data.slice();
    } catch (error) {
      noteFailure(error);
      throw await failure(what, error, this.#watch);
    }
  }

  /** Frees the session and, on WebGPU, everything on its device. */
  async release(): Promise<void> {
    try {
      await this.#session.release();
    } finally {
      this.#destroyDevice?.();
    }
  }
}

async function createSession(
  { ort, graph, model }: PreparedNetwork,
  options: InferenceSession.SessionOptions,
  watch?: DeviceWatch,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (error) {
    noteFailure(error);
    throw (await wasmFailure(ort, error)) ?? (await failure(`${graph.name} could not be loaded`, error, watch));
  } finally {
    releaseStreams();
  }
}

/** Adds up pieces, and reports the sum at every hundredth. */
function progressOf(total: number, onProgress: StartOptions['onProgress']): (bytes: number) => void {
  let read = 0;
  let reported = 0;
  return (bytes) => {
    // onnxruntime reads a few small tensors twice
    read = Math.min(read + bytes, total);
    if (read - reported < total / 100 && read < total) return;
    reported = read;
    onProgress?.(read, total);
  };
}
