/** Keeps the networks of a checkpoint on the device, each made when it is first needed, and frees them by the memory policy. */
import { at } from './at';
import type { NetworkGraph } from './graph/builder';
import { aliases, type TextToVideoCheckpoint } from './load-checkpoint';
import { autoencoderDecoder } from './networks/autoencoder-kl';
import { clipTextModel } from './networks/clip-text-model';
import { timestepEmbedding, type UNet3DShape, unet3DConditionModel } from './networks/unet-3d-condition-model';
import { GpuMeter } from './runtime/gpu-meter';
import { Network, type PreparedNetwork, prepareNetwork } from './runtime/network';
import type { Component } from './source';
import type { Backend, Dtype, MemoryPolicy, Progress } from './types';

/** A network that can be loaded. */
export interface NetworkPlan {
  readonly component: Component;
  /** Plans of one component with the same key are of the same network. */
  readonly key: string;
  readonly graph: () => NetworkGraph;
}

export class Networks {
  readonly meter = new GpuMeter();
  readonly #checkpoint: TextToVideoCheckpoint;
  readonly #backend: Backend;
  readonly #memory: MemoryPolicy;
  readonly #loaded = new Map<Component, { key: string; network: Network }>();
  readonly #prepared = new Map<Component, { key: string; network: Promise<PreparedNetwork> }>();

  constructor(checkpoint: TextToVideoCheckpoint, backend: Backend, memory: MemoryPolicy) {
    this.#checkpoint = checkpoint;
    this.#backend = backend;
    this.#memory = memory;
  }

  textEncoder(): NetworkPlan {
    const { configs, info } = this.#checkpoint;
    return {
      component: 'text_encoder',
      key: '',
      graph: () => clipTextModel(configs.textEncoder, info.maxTokens, this.#backend),
    };
  }

  unet(shape: UNet3DShape): NetworkPlan {
    const { configs } = this.#checkpoint;
    return {
      component: 'unet',
      key: JSON.stringify(shape),
      graph: () => unet3DConditionModel(configs.unet, shape, this.#backend),
    };
  }

  decoder(latents: { height: number; width: number }, dtype: Dtype): NetworkPlan {
    const { configs } = this.#checkpoint;
    const target = { device: this.#backend.device, dtype };
    return {
      component: 'vae',
      key: JSON.stringify([latents, dtype]),
      graph: () => autoencoderDecoder(configs.vae, latents, target),
    };
  }

  /** The UNet's `time` input. */
  timestepEmbedding(timestep: number): Float32Array {
    return timestepEmbedding(timestep, at(this.#checkpoint.configs.unet.block_out_channels, 0));
  }

  /**
   * The network, ready to run. One of the same component with another shape is freed first, and with the policy
   * `low-memory` every other network too. So are those whose device was lost since they last ran, as when the computer slept.
   */
  async load(plan: NetworkPlan, onProgress?: (progress: Progress) => void): Promise<Network> {
    const { component, key } = plan;
    const known = this.#loaded.get(component);
    if (known?.key === key && !known.network.lost) return known.network;
    for (const [other, { network }] of [...this.#loaded]) {
      if (other === component || network.lost || this.#memory === 'low-memory') await this.#free(other);
    }
    const report = (done: number, total: number) => onProgress?.({ stage: 'load', component, done, total });
    report(0, 0);
    const prepared = this.#prepared.get(component);
    this.#prepared.delete(component);
    const ready = await (prepared?.key === key ? prepared.network : this.#prepare(plan));
    const network = await Network.start(ready, { meter: this.meter, onProgress: report });
    this.#loaded.set(component, { key, network });
    return network;
  }

  /**
   * Does in advance, while another network loads or runs, what of loading needs neither the GPU nor onnxruntime. Nothing on the
   * CPU, where a run leaves no time for anything else, and nothing with `low-memory`: converted weights wait in memory.
   */
  prepareAhead(plan: NetworkPlan): void {
    if (this.#backend.device === 'wasm' || this.#memory === 'low-memory') return;
    const { component, key } = plan;
    if (this.#loaded.get(component)?.key === key || this.#prepared.get(component)?.key === key) return;
    // later: what is under way comes first
    const network = new Promise((resolve) => setTimeout(resolve)).then(() => this.#prepare(plan));
    this.#prepared.set(component, { key, network });
    // a failure is for whoever waits for it; who comes later tries again
    network.catch(() => {
      if (this.#prepared.get(component)?.network === network) this.#prepared.delete(component);
    });
  }

  #prepare({ component, graph }: NetworkPlan): Promise<PreparedNetwork> {
    const weights = this.#checkpoint.weights[component];
    return prepareNetwork(graph(), weights, this.#backend.device, aliases[component]);
  }

  async #free(component: Component): Promise<void> {
    const { network } = this.#loaded.get(component) ?? {};
    this.#loaded.delete(component);
    await network?.release();
  }

  /** Frees everything. */
  async release(): Promise<void> {
    this.#prepared.clear();
    for (const component of [...this.#loaded.keys()]) await this.#free(component);
  }

  /** Like `release`, where a device or the runtime has failed and may fail at this too. What is needed next is made anew. */
  async discard(): Promise<void> {
    this.#prepared.clear();
    for (const component of [...this.#loaded.keys()]) await this.#free(component).catch(() => {});
  }
}
