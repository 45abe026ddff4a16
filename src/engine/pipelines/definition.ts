/** What a pipeline consists of. A new one is a file beside this one and a row in `index.ts`. */
import { KinoraError } from '../../shared/errors';
import type { NetworkGraph, Target } from '../graph/builder';
import { promptsAtOnce } from '../memory-policy';
import type { NetworkDefinition } from '../networks/definition';
import type { UNet3DShape } from '../networks/unet-3d-condition-model';
import type { Component, Dtype, NetworkPlace } from '../types';

/** The networks of a pipeline by component: the name of their folder and of their entry in model_index.json. */
export type NetworkDefinitions = Readonly<Record<Component, NetworkDefinition<unknown>>>;

/** A pipeline class, as checkpoints name it: its networks, and how they fit together. */
export interface PipelineDefinition {
  /** Class name in diffusers, as in `_class_name` of model_index.json. */
  readonly className: string;
  /** In order of use, which is also the download order. */
  readonly networks: NetworkDefinitions;
  /** Class of the tokenizer. */
  readonly tokenizer: string;
  /**
   * @param configs config.json by component, parsed from JSON
   * @throws KinoraError `unsupported-config` naming the key; `invalid-checkpoint` if the networks do not fit together
   */
  fromConfigs(configs: Readonly<Record<Component, unknown>>): PipelineNetworks;
}

/** What a network does on the way from prompt to frames. */
export type Role = 'encode' | 'denoise' | 'decode';

/** A network that can be loaded: what a component does in one role. */
export interface NetworkPlan {
  /** Networks on the device are kept by role, so that a VAE's encoder does not take its decoder's place. */
  readonly role: Role;
  /** The component whose weights it reads. */
  readonly network: NetworkPlace;
  /** Plans with the same role and key describe the same network. */
  readonly key: string;
  readonly graph: () => NetworkGraph;
  /** A small network that runs between the runs of others: it stays loaded alongside them, even with one network at a time. */
  readonly companion?: true;
}

/** Size in latents. */
export interface LatentSize {
  height: number;
  width: number;
}

/** Size in pixels and frames. */
export interface VideoSize {
  numFrames: number;
  width: number;
  height: number;
}

/**
 * The networks of one checkpoint as its configs describe them: all that the code from prompt to frames knows about a pipeline.
 */
export interface PipelineNetworks {
  readonly vocabularySize: number;
  /** Number of tokens that the text encoder takes. */
  readonly maxTokens: number;
  readonly latentChannels: number;
  /** Factor by which latents are multiplied after the encoder and divided before the decoder. */
  readonly scalingFactor: number;
  /** Pixels per latent. */
  readonly vaeScaleFactor: number;
  /** The fewest latents that the denoiser needs in each direction. */
  readonly smallestLatents: number;
  /** The size in latents that the denoiser was trained at. */
  readonly sampleSize: LatentSize;

  /** Every tensor that a checkpoint must hold, with its shape, by component. */
  readonly parameters: Readonly<Record<Component, () => ReadonlyMap<string, readonly number[]>>>;
  /** Encodes a timestep as the denoiser takes it. */
  timeEmbedding(timestep: number): Float32Array<ArrayBuffer>;

  /**
   * Encodes the guidance scale for a denoiser that was distilled to apply it itself, without a second run. Undefined for all
   * others.
   */
  readonly guidanceEmbedding: ((guidanceScale: number) => Float32Array<ArrayBuffer>) | undefined;
  /** [1, tokens] → [1, tokens, hidden size] */
  encode(target: Target): NetworkPlan;
  /** Latents [frames, channels, height, width] → the noise in them, for each prompt. */
  denoise(shape: UNet3DShape, target: Target): NetworkPlan;
  /** Latents of one frame → its picture. `dtype` may be wider than the other networks'. */
  decode(latents: LatentSize, target: Target, dtype: Dtype): NetworkPlan;
}

/**
 * Every network that a video of this size needs, in order of use, and how many prompts or frames one run of it processes.
 */
export function plansOf(
  { encode, denoise, decode, vaeScaleFactor: scale, maxTokens: tokens }: PipelineNetworks,
  { numFrames: frames, ...size }: VideoSize,
  target: Target,
): { plan: NetworkPlan; atOnce: number }[] {
  const latents = { height: size.height / scale, width: size.width / scale };
  const prompts = promptsAtOnce(target.device, { frames, ...latents });
  return [
    { plan: encode(target), atOnce: 1 },
    { plan: denoise({ prompts, frames, ...latents, tokens }, target), atOnce: prompts },
    { plan: decode(latents, target, target.dtype), atOnce: 1 },
  ];
}

/** @throws KinoraError `invalid-checkpoint` */
export function mustEqual([key, value]: readonly [string, number], [other, expected]: readonly [string, number]): void {
  if (value === expected) return;
  throw new KinoraError(
    'invalid-checkpoint',
    `${key} is ${value}, but ${other} is ${expected}: these networks do not fit together.`,
  );
}

/** The label and position of a component among the networks of a pipeline. */
export function placeOf(
  networks: Readonly<Record<Component, { readonly label: string }>>,
  component: Component,
): NetworkPlace {
  const components = Object.keys(networks);
  const label = networks[component]?.label ?? component;
  return { component, label, index: components.indexOf(component), count: components.length };
}
