/** UNet3DConditionModel. Source: diffusers models/unets/unet_3d_condition.py, unet_3d_blocks.py; ModelScope text-to-video (arXiv 2308.06571). */
import { z } from 'zod';
import { activationName, channelList, only, parseConfig, positiveInt } from '../config';
import { GraphBuilder, type NetworkGraph, type Target, type Value } from '../graph/builder';
import {
  activation,
  addMaps,
  concatChannels,
  conv2d,
  type FeatureMap,
  framesAsRows,
  fromChannelsFirst,
  groupNorm,
  linear,
  repeatFrames,
  rowsAsFrames,
  toChannelsFirst,
} from '../graph/layers';
import { downsample, resnetBlock, same, upsample } from './resnet-block';
import { transformer2d, transformerTemporal } from './transformer';

const downBlocks = ['CrossAttnDownBlock3D', 'DownBlock3D'] as const;
const upBlocks = ['CrossAttnUpBlock3D', 'UpBlock3D'] as const;

const schema = z
  .object({
    _class_name: only('UNet3DConditionModel'),
    in_channels: positiveInt.default(4),
    out_channels: positiveInt.default(4),
    sample_size: z.union([positiveInt, z.tuple([positiveInt, positiveInt])]).nullish(),
    down_block_types: z
      .array(z.enum(downBlocks))
      .default(['CrossAttnDownBlock3D', 'CrossAttnDownBlock3D', 'CrossAttnDownBlock3D', 'DownBlock3D']),
    up_block_types: z
      .array(z.enum(upBlocks))
      .default(['UpBlock3D', 'CrossAttnUpBlock3D', 'CrossAttnUpBlock3D', 'CrossAttnUpBlock3D']),
    block_out_channels: channelList.default([320, 640, 1280, 1280]),
    layers_per_block: positiveInt.default(2),
    downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
    mid_block_scale_factor: z.number().positive().default(1),
    act_fn: activationName.default('silu'),
    norm_num_groups: positiveInt.default(32),
    norm_eps: z.number().positive().default(1e-5),
    cross_attention_dim: positiveInt.default(1024),
    /** Really the size of a head. A list has one per down block. */
    attention_head_dim: z.union([positiveInt, z.array(positiveInt).min(1)]).default(64),
    num_attention_heads: z.null().optional(),
    time_cond_proj_dim: z.null().optional(),
  })
  .superRefine((config, context) => {
    const { block_out_channels: channels, attention_head_dim: heads } = config;
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const key of ['down_block_types', 'up_block_types'] as const) {
      if (config[key].length !== channels.length)
        issue(key, `needs one entry for each of the ${channels.length} block_out_channels`);
    }
    if (Array.isArray(heads) && heads.length !== channels.length) {
      issue('attention_head_dim', `needs one entry for each of the ${channels.length} block_out_channels`);
    }
    channels.forEach((count, i) => {
      if (count % config.norm_num_groups !== 0) {
        issue(
          'norm_num_groups',
          `must divide block_out_channels, but ${config.norm_num_groups} does not divide ${count}`,
        );
      }
      const headDim = (Array.isArray(heads) ? heads[i] : heads) ?? 0;
      if (headDim > count)
        issue('attention_head_dim', `must not exceed block_out_channels, but ${headDim} is more than ${count}`);
    });
  });

export type UNet3DConfig = z.infer<typeof schema>;

/** Throws KinoraError `unsupported-config`, naming the key. */
export const parseUNet3DConfig = (json: unknown): UNet3DConfig => parseConfig(schema, json, 'unet/config.json');

export interface UNet3DShape {
  /** Sequences of encoder_hidden_states: what the UNet makes of the same latents for each. */
  prompts: number;
  frames: number;
  /** Latent pixels. */
  height: number;
  width: number;
  /** Tokens of encoder_hidden_states. */
  tokens: number;
}

/** transformer_in has this many heads, whatever the config says. */
const TRANSFORMER_IN_HEADS = 8;
const TEMPORAL_CONV_EPS = 1e-5;

/** Sinusoidal embedding of one timestep, [1, channels], cosines first. Source: diffusers models/embeddings.py, Timesteps(flip_sin_to_cos=True, downscale_freq_shift=0). */
export function timestepEmbedding(timestep: number, channels: number): Float32Array<ArrayBuffer> {
  const half = Math.floor(channels / 2);
  const result = new Float32Array(channels);
  for (let i = 0; i < half; i++) {
    const angle = Math.fround(timestep) * Math.fround(Math.exp((-Math.log(10000) * i) / half));
    result[i] = Math.cos(angle);
    result[half + i] = Math.sin(angle);
  }
  return result;
}

class UNet3D {
  readonly g: GraphBuilder;
  readonly config: UNet3DConfig;
  readonly shape: UNet3DShape;
  /** SiLU of the time embedding, [1, 4 × first channels]. */
  readonly time: Value;
  readonly context: Value;

  constructor(g: GraphBuilder, config: UNet3DConfig, shape: UNet3DShape, timeProjection: Value, context: Value) {
    this.g = g;
    this.config = config;
    this.shape = shape;
    this.context = context;
    const timeChannels = (config.block_out_channels[0] ?? 0) * 4;
    const hidden = linear(g, timeProjection, 'time_embedding.linear_1', timeChannels);
    const embedding = linear(g, activation(g, hidden, config.act_fn), 'time_embedding.linear_2', timeChannels);
    // every resnet applies its activation to the same embedding before projecting it
    this.time = activation(g, embedding, config.act_fn);
  }

  /** One video as long as all prompts have the same, else one for each. */
  videos(x: FeatureMap): number {
    return x.frames / this.shape.frames;
  }

  headDim(level: number): number {
    const { attention_head_dim: heads } = this.config;
    return (Array.isArray(heads) ? heads[level] : heads) ?? 0;
  }

  resnet(x: FeatureMap, name: string, outChannels: number, scaleFactor = 1): FeatureMap {
    const { norm_num_groups: groups, norm_eps: eps, act_fn: act } = this.config;
    return resnetBlock(this.g, x, name, { outChannels, groups, eps, act, time: this.time, scaleFactor });
  }

  /** TemporalConvLayer: four (3, 1, 1) convolutions, added to the input. Norms span the frames. */
  temporalConv(x: FeatureMap, name: string): FeatureMap {
    const { g } = this;
    const groups = this.config.norm_num_groups;
    const rows = framesAsRows(g, x, this.videos(x));
    let h = rows;
    for (const [i, conv] of ['conv1.2', 'conv2.3', 'conv3.3', 'conv4.3'].entries()) {
      h = groupNorm(g, h, `${name}.conv${i + 1}.0`, { groups, eps: TEMPORAL_CONV_EPS, silu: true });
      h = conv2d(g, h, `${name}.${conv}`, x.channels, {
        kernel: [3, 1],
        padding: [1, 0, 1, 0],
        storedAs: [x.channels, x.channels, 3, 1, 1],
      });
    }
    return rowsAsFrames(g, addMaps(g, rows, h), x);
  }

  attentions(x: FeatureMap, block: string, layer: number, headDim: number): FeatureMap {
    const options = { heads: Math.floor(x.channels / headDim), headDim, groups: this.config.norm_num_groups };
    // from the first cross-attention on each prompt has a video of its own
    const { prompts, frames } = this.shape;
    const each = repeatFrames(this.g, x, prompts * frames);
    const spatial = transformer2d(this.g, each, `${block}.attentions.${layer}`, options, this.context);
    return transformerTemporal(this.g, spatial, `${block}.temp_attentions.${layer}`, options, prompts);
  }

  /** Returns the result, and pushes every skip connection to `skips`. */
  down(x: FeatureMap, level: number, skips: FeatureMap[]): FeatureMap {
    const { block_out_channels: channels, layers_per_block: layers } = this.config;
    const name = `down_blocks.${level}`;
    let h = x;
    for (let layer = 0; layer < layers; layer++) {
      h = this.resnet(h, `${name}.resnets.${layer}`, channels[level] ?? 0);
      h = this.temporalConv(h, `${name}.temp_convs.${layer}`);
      if (this.config.down_block_types[level] === 'CrossAttnDownBlock3D')
        h = this.attentions(h, name, layer, this.headDim(level));
      skips.push(h);
    }
    if (level < channels.length - 1) {
      h = downsample(this.g, h, `${name}.downsamplers.0`, this.config.downsample_padding);
      skips.push(h);
    }
    return h;
  }

  mid(x: FeatureMap): FeatureMap {
    const { mid_block_scale_factor: scale } = this.config;
    let h = this.resnet(x, 'mid_block.resnets.0', x.channels, scale);
    h = this.temporalConv(h, 'mid_block.temp_convs.0');
    h = this.attentions(h, 'mid_block', 0, this.headDim(this.config.block_out_channels.length - 1));
    h = this.resnet(h, 'mid_block.resnets.1', x.channels, scale);
    return this.temporalConv(h, 'mid_block.temp_convs.1');
  }

  up(x: FeatureMap, index: number, skips: FeatureMap[]): FeatureMap {
    const { block_out_channels: channels, layers_per_block: layers } = this.config;
    const level = channels.length - 1 - index;
    const name = `up_blocks.${index}`;
    let h = x;
    for (let layer = 0; layer <= layers; layer++) {
      const skip = skips.pop();
      if (!skip) throw new Error(`${name} has no skip connection for layer ${layer}.`);
      const joined = concatChannels(this.g, h, repeatFrames(this.g, skip, h.frames));
      h = this.resnet(joined, `${name}.resnets.${layer}`, channels[level] ?? 0);
      h = this.temporalConv(h, `${name}.temp_convs.${layer}`);
      if (this.config.up_block_types[index] === 'CrossAttnUpBlock3D')
        h = this.attentions(h, name, layer, this.headDim(level));
    }
    const next = skips.at(-1);
    return next ? upsample(this.g, h, `${name}.upsamplers.0`, [next.height, next.width]) : h;
  }
}

/**
 * Inputs: `sample` [frames, in_channels, height, width] (the latents with the frame axis first), `time` [1, block_out_channels[0]]
 * (timestepEmbedding), `encoder_hidden_states` [prompts, tokens, cross_attention_dim]. Output: `out` [prompts * frames, out_channels,
 * height, width].
 */
export function unet3DConditionModel(config: UNet3DConfig, shape: UNet3DShape, target: Target): NetworkGraph {
  const g = new GraphBuilder('UNet3DConditionModel', target);
  const { block_out_channels: channels, norm_num_groups: groups, norm_eps: eps } = config;
  const first = channels[0] ?? 0;
  const sample = g.input('sample', 'float32', [shape.frames, config.in_channels, shape.height, shape.width]);
  const time = g.input('time', 'float32', [1, first]);
  const context = g.input('encoder_hidden_states', 'float32', [
    shape.prompts,
    shape.tokens,
    config.cross_attention_dim,
  ]);
  const unet = new UNet3D(g, config, shape, time, context);

  let x = conv2d(g, fromChannelsFirst(g, sample), 'conv_in', first, same);
  const transformerIn = { heads: TRANSFORMER_IN_HEADS, headDim: unet.headDim(0), groups };
  x = transformerTemporal(g, x, 'transformer_in', transformerIn, unet.videos(x));
  const skips = [x];
  for (let level = 0; level < channels.length; level++) x = unet.down(x, level, skips);
  x = unet.mid(x);
  for (let index = 0; index < channels.length; index++) x = unet.up(x, index, skips);
  x = groupNorm(g, x, 'conv_norm_out', { groups, eps, silu: true });
  g.output('out', toChannelsFirst(g, conv2d(g, x, 'conv_out', config.out_channels, same)));
  return g.finish();
}
