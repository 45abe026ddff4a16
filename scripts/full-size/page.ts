/** The browser's side of the full-size run: what the page's worker does with a checkpoint, one network at a time. */
import { openCheckpoint } from '../../src/checkpoint';
import type { CheckpointSource, Dtype, MemoryUse } from '../../src/engine';
import type { NetworkGraph, Target } from '../../src/engine/graph/builder';
import {
  autoencoderAliases,
  autoencoderDecoder,
  autoencoderEncoder,
  parseAutoencoderConfig,
  vaeScaleFactor,
} from '../../src/engine/networks/autoencoder-kl';
import { clipTextModel, parseClipTextConfig } from '../../src/engine/networks/clip-text-model';
import {
  parseUNet3DConfig,
  timestepEmbedding,
  unet3DConditionModel,
} from '../../src/engine/networks/unet-3d-condition-model';
import { GpuMeter } from '../../src/engine/runtime/gpu-meter';
import { Network, type NetworkInputs } from '../../src/engine/runtime/network';
import { swapFirstAxes } from '../../src/engine/tensor';
import { checkTensors } from '../../src/engine/weights';
import { CheckpointStore } from '../../src/storage';

/** A tensor of the reference data, on its way into the page. */
export interface ReferenceArray {
  shape: readonly number[];
  values: number[];
}

export type FullSizeComponent = 'text_encoder' | 'unet' | 'vae';

export interface NetworkRun {
  /** Shape of the network's output, in PyTorch's order. */
  values: number[];
  /** Milliseconds: finding the weights in IndexedDB, until the session stands, the first run, a second one. */
  open: number;
  load: number;
  firstRun: number;
  secondRun: number;
  memory: MemoryUse;
}

const store = new CheckpointStore();
const meter = new GpuMeter();
let network: Network | undefined;

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await work(), performance.now() - start];
}

function fail(what: string): never {
  throw new Error(what);
}

const fullSize = {
  /** Loads a network from IndexedDB, runs it twice on the reference's inputs, and leaves it loaded. */
  async run(
    url: string,
    component: FullSizeComponent,
    inputs: Record<string, ReferenceArray>,
    dtype: Dtype,
  ): Promise<NetworkRun> {
    const checkpoint = await openCheckpoint(url, { store });
    const prepared = prepare[component](
      JSON.parse(await checkpoint.text(`${component}/config.json`)),
      inputs,
      { device: 'webgpu', dtype },
      await checkpoint.tensors(component),
    );
    const [opened, open] = await timed(() => checkpoint.weights(component));
    const [created, load] = await timed(() =>
      Network.create(prepared.graph, opened, 'webgpu', {
        aliases: component === 'vae' ? autoencoderAliases : [],
        meter,
      }),
    );
    network = created;
    const [, firstRun] = await timed(() => created.run(prepared.inputs));
    const [values, secondRun] = await timed(() => created.run(prepared.inputs));
    return { values: prepared.output(values), open, load, firstRun, secondRun, memory: meter.use };
  },

  async release(): Promise<void> {
    await network?.release();
    network = undefined;
  },
};

interface Prepared {
  graph: NetworkGraph;
  inputs: NetworkInputs;
  output(values: Float32Array): number[];
}

type Prepare = (
  config: unknown,
  inputs: Record<string, ReferenceArray>,
  target: Target,
  tensors: Awaited<ReturnType<CheckpointSource['tensors']>>,
) => Prepared;

const prepare: Record<FullSizeComponent, Prepare> = {
  text_encoder(json, { input_ids: ids = fail('input_ids are missing') }, target, tensors) {
    const graph = clipTextModel(parseClipTextConfig(json), ids.shape[1] ?? 0, target);
    checkTensors('text_encoder', graph.parameters, tensors);
    return { graph, inputs: { input_ids: Int32Array.from(ids.values) }, output: (values) => [...values] };
  },

  unet(json, { sample = fail('sample is missing'), timestep, encoder_hidden_states: states }, target, tensors) {
    const config = parseUNet3DConfig(json);
    const [, channels = 0, frames = 0, height = 0, width = 0] = sample.shape;
    const shape = { prompts: 1, frames, height, width, tokens: states?.shape[1] ?? 0 };
    const graph = unet3DConditionModel(config, shape, target);
    checkTensors('unet', graph.parameters, tensors);
    return {
      graph,
      inputs: {
        sample: swapFirstAxes(Float32Array.from(sample.values), channels, frames),
        time: timestepEmbedding(timestep?.values[0] ?? 0, config.block_out_channels[0] ?? 0),
        encoder_hidden_states: Float32Array.from(states?.values ?? []),
      },
      output: (values) => [...swapFirstAxes(values, frames, config.out_channels)],
    };
  },

  vae(json, { latents = fail('latents are missing') }, target, tensors) {
    const config = parseAutoencoderConfig(json);
    const [, , height = 0, width = 0] = latents.shape;
    const graph = autoencoderDecoder(config, { height, width }, target);
    const scale = vaeScaleFactor(config);
    const encoder = autoencoderEncoder(config, { height: height * scale, width: width * scale }, target);
    checkTensors('vae', new Map([...encoder.parameters, ...graph.parameters]), tensors, autoencoderAliases);
    return { graph, inputs: { latents: Float32Array.from(latents.values) }, output: (values) => [...values] };
  },
};

declare global {
  interface Window {
    fullSize: typeof fullSize;
  }
}
window.fullSize = fullSize;
