/** Keeps the three networks of a checkpoint on the device, each made when it is first needed for a shape. */
import type { NetworkGraph, Target } from './graph/builder';
import { aliases, type TextToVideoCheckpoint } from './load-checkpoint';
import { autoencoderDecoder } from './networks/autoencoder-kl';
import { clipTextModel } from './networks/clip-text-model';
import { timestepEmbedding, type UNet3DShape, unet3DConditionModel } from './networks/unet-3d-condition-model';
import { GpuMeter } from './runtime/gpu-meter';
import { Network } from './runtime/network';
import type { Component } from './source';
import type { Backend } from './types';

export class Networks {
  readonly meter = new GpuMeter();
  readonly #checkpoint: TextToVideoCheckpoint;
  readonly #target: Target;
  readonly #loaded = new Map<Component, { key: string; network: Network }>();

  constructor(checkpoint: TextToVideoCheckpoint, backend: Backend) {
    this.#checkpoint = checkpoint;
    this.#target = { device: backend.device, dtype: backend.dtype };
  }

  textEncoder(): Promise<Network> {
    const { configs, info } = this.#checkpoint;
    return this.#get('text_encoder', '', () => clipTextModel(configs.textEncoder, info.maxTokens, this.#target));
  }

  unet(shape: UNet3DShape): Promise<Network> {
    return this.#get('unet', JSON.stringify(shape), () =>
      unet3DConditionModel(this.#checkpoint.configs.unet, shape, this.#target),
    );
  }

  decoder(latents: { height: number; width: number }): Promise<Network> {
    return this.#get('vae', JSON.stringify(latents), () =>
      autoencoderDecoder(this.#checkpoint.configs.vae, latents, this.#target),
    );
  }

  /** The UNet's `time` input. */
  timestepEmbedding(timestep: number): Float32Array {
    return timestepEmbedding(timestep, this.#checkpoint.configs.unet.block_out_channels[0] ?? 0);
  }

  /** The network for this shape; one of another shape is freed first. */
  async #get(component: Component, key: string, build: () => NetworkGraph): Promise<Network> {
    const known = this.#loaded.get(component);
    if (known?.key === key) return known.network;
    this.#loaded.delete(component);
    await known?.network.release();
    const weights = this.#checkpoint.weights[component];
    const network = await Network.create(build(), weights, this.#target.device, {
      aliases: aliases[component],
      meter: this.meter,
    });
    this.#loaded.set(component, { key, network });
    return network;
  }

  async release(): Promise<void> {
    const networks = [...this.#loaded.values()];
    this.#loaded.clear();
    for (const { network } of networks) await network.release();
  }
}
