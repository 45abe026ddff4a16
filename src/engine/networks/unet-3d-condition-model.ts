/**
 * UNet3DConditionModel. Source: diffusers models/unets/unet_3d_condition.py, unet_3d_blocks.py; ModelScope text-to-video (arXiv
 * 2308.06571).
 */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';
import { at } from '../at';
import {
  activationName,
  channelCount,
  channelList,
  groupCount,
  hasTooManyLayers,
  layerCount,
  maxBlocks,
  only,
  parseConfig,
  sampleSize,
  tooManyLayers,
} from '../config';
import { GraphBuilder, type NetworkGraph, type Scope, type Target, type Value } from '../graph/builder';
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
import { anyTarget, type NetworkDefinition } from './definition';
import { downsample, resnetBlock, same, upsample } from './resnet-block';
import { transformer2d, transformerTemporal } from './transformer';

const downBlocks = ['CrossAttnDownBlock3D', 'DownBlock3D'] as const;
const upBlocks = ['CrossAttnUpBlock3D', 'UpBlock3D'] as const;

const schema = z
  .object({
    _class_name: only('UNet3DConditionModel'),
    in_channels: channelCount.default(4),
    out_channels: channelCount.default(4),
    sample_size: sampleSize.nullish(),
    down_block_types: z
      .array(z.enum(downBlocks))
      .default(['CrossAttnDownBlock3D', 'CrossAttnDownBlock3D', 'CrossAttnDownBlock3D', 'DownBlock3D']),
    up_block_types: z
      .array(z.enum(upBlocks))
      .default(['UpBlock3D', 'CrossAttnUpBlock3D', 'CrossAttnUpBlock3D', 'CrossAttnUpBlock3D']),
    block_out_channels: channelList.default([320, 640, 1280, 1280]),
    layers_per_block: layerCount.default(2),
    downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
    mid_block_scale_factor: z.number().positive().default(1),
    act_fn: activationName.default('silu'),
    norm_num_groups: groupCount.default(32),
    norm_eps: z.number().positive().default(1e-5),
    cross_attention_dim: channelCount.default(1024),
    /** Actually the size of a head. A list has one per down block. */
    attention_head_dim: z.union([channelCount, z.array(channelCount).min(1).max(maxBlocks)]).default(64),
    num_attention_heads: z.null().optional(),
    /** Width of an embedding that is added to the time's: the guidance scale's, of networks that were distilled with it. */
    time_cond_proj_dim: channelCount.nullish(),
  })
  .superRefine((config, context) => {
    const { block_out_channels: channels, attention_head_dim: heads } = config;
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const key of ['down_block_types', 'up_block_types'] as const) {
      if (config[key].length !== channels.length)
        issue(key, `needs one entry for each of the ${channels.length} block_out_channels`);
    }
    if (hasTooManyLayers(config)) issue('layers_per_block', tooManyLayers);
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

/** @throws KinoraError `unsupported-config`, naming the key */
export const parseUNet3DConfig = (json: unknown): UNet3DConfig => parseConfig(schema, json, 'unet/config.json');

export interface UNet3DShape {
  /** Number of prompts in encoder_hidden_states: the UNet processes the same latents for each. */
  prompts: number;
  frames: number;
  /** Latent pixels. */
  height: number;
  width: number;
  /** Tokens of encoder_hidden_states. */
  tokens: number;
}

/** The fewest latents in each direction: without padding, a single latent cannot be halved. */
export const smallestLatents = (config: UNet3DConfig): number =>
  config.downsample_padding === 0 ? 2 ** (config.block_out_channels.length - 1) : 1;

/** transformer_in has this many heads, whatever the config says. */
const TRANSFORMER_IN_HEADS = 8;
const TEMPORAL_CONV_EPS = 1e-5;

/**
 * Sinusoidal embedding of one timestep, [1, channels], cosines first. Source: diffusers models/embeddings.py,
 * Timesteps(flip_sin_to_cos=True, downscale_freq_shift=0).
 */
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

/**
 * TimestepEmbedding and its activation, [1, 4 × first channels]: every resnet activates the same embedding before projecting it.
 */
function timeEmbedding(s: Scope, projection: Value, config: UNet3DConfig, condition?: Value): Value {
  const first = at(config.block_out_channels, 0);
  const channels = first * 4;
  const sum = condition ? s.add(projection, linear(s.at('cond_proj'), condition, first, { bias: false })) : projection;
  const hidden = activation(s, linear(s.at('linear_1'), sum, channels), config.act_fn);
  return activation(s, linear(s.at('linear_2'), hidden, channels), config.act_fn);
}

/** The blocks, and the values they share. */
class UNet3D {
  constructor(
    readonly config: UNet3DConfig,
    readonly shape: UNet3DShape,
    /** SiLU of the time embedding. */
    readonly time: Value,
    readonly context: Value,
  ) {}

  /** One video while all prompts share the same values, then one per prompt. */
  videos(x: FeatureMap): number {
    return x.frames / this.shape.frames;
  }

  headDim(level: number): number {
    const { attention_head_dim: heads } = this.config;
    return typeof heads === 'number' ? heads : at(heads, level);
  }

  resnet(s: Scope, x: FeatureMap, outChannels: number, scaleFactor = 1): FeatureMap {
    const { norm_num_groups: groups, norm_eps: eps, act_fn: act } = this.config;
    return resnetBlock(s, x, { outChannels, groups, eps, act, time: this.time, scaleFactor });
  }

  /** TemporalConvLayer: four (3, 1, 1) convolutions, added to the input. Norms span the frames. */
  temporalConv(s: Scope, x: FeatureMap): FeatureMap {
    const { channels } = x;
    const norm = { groups: this.config.norm_num_groups, eps: TEMPORAL_CONV_EPS, act: 'silu' } as const;
    const conv = { kernel: [3, 1], padding: [1, 0, 1, 0], storedAs: [channels, channels, 3, 1, 1] } as const;
    const rows = framesAsRows(s, x, this.videos(x));
    let h = rows;
    for (const [i, name] of ['conv1', 'conv2', 'conv3', 'conv4'].entries()) {
      // each is a Sequential of norm, SiLU and convolution; from the second on there is a dropout before the convolution
      h = conv2d(s.at(name, i === 0 ? 2 : 3), groupNorm(s.at(name, 0), h, norm), channels, conv);
    }
    return rowsAsFrames(s, addMaps(s, rows, h), x);
  }

  /** The attentions of a block after each of its resnets. */
  attentions(s: Scope, x: FeatureMap, layer: number, level: number): FeatureMap {
    const headDim = this.headDim(level);
    const options = { heads: Math.floor(x.channels / headDim), headDim, groups: this.config.norm_num_groups };
    // from the first cross-attention on, each prompt has its own video
    const { prompts, frames } = this.shape;
    const each = repeatFrames(s, x, prompts * frames);
    const spatial = transformer2d(s.at('attentions', layer), each, options, this.context);
    return transformerTemporal(s.at('temp_attentions', layer), spatial, options, prompts);
  }

  /**
   * Pushes every skip connection to `skips`.
   * @returns the result
   */
  down(s: Scope, x: FeatureMap, level: number, skips: FeatureMap[]): FeatureMap {
    const { block_out_channels: channels, layers_per_block: layers, down_block_types: types } = this.config;
    let h = x;
    for (let i = 0; i < layers; i++) {
      h = this.resnet(s.at('resnets', i), h, at(channels, level));
      h = this.temporalConv(s.at('temp_convs', i), h);
      if (types[level] === 'CrossAttnDownBlock3D') h = this.attentions(s, h, i, level);
      skips.push(h);
    }
    if (level < channels.length - 1) {
      h = downsample(s.at('downsamplers', 0), h, this.config.downsample_padding);
      skips.push(h);
    }
    return h;
  }

  mid(s: Scope, x: FeatureMap): FeatureMap {
    const { mid_block_scale_factor: scale, block_out_channels } = this.config;
    let h = this.resnet(s.at('resnets', 0), x, x.channels, scale);
    h = this.temporalConv(s.at('temp_convs', 0), h);
    h = this.attentions(s, h, 0, block_out_channels.length - 1);
    h = this.resnet(s.at('resnets', 1), h, x.channels, scale);
    return this.temporalConv(s.at('temp_convs', 1), h);
  }

  /** Takes its skip connections off `skips`, the last one first. */
  up(s: Scope, x: FeatureMap, index: number, skips: FeatureMap[]): FeatureMap {
    const { block_out_channels: channels, layers_per_block: layers, up_block_types: types } = this.config;
    const level = channels.length - 1 - index;
    const own = skips.splice(-(layers + 1)).reverse();
    let h = x;
    for (const [i, skip] of own.entries()) {
      h = concatChannels(s, h, repeatFrames(s, skip, h.frames));
      h = this.resnet(s.at('resnets', i), h, at(channels, level));
      h = this.temporalConv(s.at('temp_convs', i), h);
      if (types[index] === 'CrossAttnUpBlock3D') h = this.attentions(s, h, i, level);
    }
    const next = skips.at(-1);
    return next ? upsample(s.at('upsamplers', 0), h, [next.height, next.width]) : h;
  }
}

/**
 * Inputs: `sample` [frames, in_channels, height, width] (the latents with the frame axis first), `time` [1,
 * block_out_channels[0]] (timestepEmbedding), where the config has time_cond_proj_dim `timestep_cond` [1, time_cond_proj_dim]
 * (guidanceEmbedding), `encoder_hidden_states` [prompts, tokens, cross_attention_dim]. Output: `out` [prompts * frames,
 * out_channels, height, width].
 * @throws KinoraError `invalid-argument` for fewer latents than `smallestLatents`
 */
export function unet3DConditionModel(config: UNet3DConfig, shape: UNet3DShape, target: Target): NetworkGraph {
  const g = new GraphBuilder('UNet3DConditionModel', target);
  const { block_out_channels: channels, norm_num_groups: groups, norm_eps: eps } = config;
  const { prompts, frames, height, width, tokens } = shape;
  const fewest = smallestLatents(config);
  if (Math.min(height, width) < fewest) {
    throw new KinoraError(
      'invalid-argument',
      `This model needs at least ${fewest} latents in each direction; this video has ${width} × ${height}. Choose a larger size.`,
    );
  }
  const first = at(channels, 0);
  const sample = g.input('sample', 'float32', [frames, config.in_channels, height, width]);
  const time = g.input('time', 'float32', [1, first]);
  const context = g.input('encoder_hidden_states', 'float32', [prompts, tokens, config.cross_attention_dim]);
  const { time_cond_proj_dim: dim } = config;
  const condition = dim ? g.input('timestep_cond', 'float32', [1, dim]) : undefined;
  const unet = new UNet3D(config, shape, timeEmbedding(g.at('time_embedding'), time, config, condition), context);

  let x = conv2d(g.at('conv_in'), fromChannelsFirst(g, sample), first, same);
  const transformerIn = { heads: TRANSFORMER_IN_HEADS, headDim: unet.headDim(0), groups };
  x = transformerTemporal(g.at('transformer_in'), x, transformerIn, unet.videos(x));
  const skips = [x];
  for (const level of channels.keys()) x = unet.down(g.at('down_blocks', level), x, level, skips);
  x = unet.mid(g.at('mid_block'), x);
  for (const index of channels.keys()) x = unet.up(g.at('up_blocks', index), x, index, skips);
  x = groupNorm(g.at('conv_norm_out'), x, { groups, eps, act: 'silu' });
  g.output('out', toChannelsFirst(g, conv2d(g.at('conv_out'), x, config.out_channels, same)));
  return g.finish();
}

export const unet3DDefinition: NetworkDefinition<UNet3DConfig> = {
  className: 'UNet3DConditionModel',
  label: 'denoiser',
  weights: { safetensors: 'diffusion_pytorch_model', pytorch: 'diffusion_pytorch_model' },
  aliases: [],
  // up_blocks before mid_block, and a block's kinds of layers one after the other
  registration: [
    ...['conv_in', 'time_embedding', 'linear_1', 'cond_proj', 'linear_2'],
    ...['transformer_in', 'down_blocks', 'up_blocks', 'mid_block'],
    ...['resnets', 'temp_convs', 'attentions', 'temp_attentions', 'downsamplers', 'upsamplers', 'conv'],
    ...['conv1', 'time_emb_proj', 'conv2', 'conv_shortcut', 'conv3', 'conv4'],
    ...['proj_in', 'transformer_blocks', 'attn1', 'attn2', 'to_q', 'to_k', 'to_v', 'to_out', 'ff', 'net', 'proj'],
    ...['proj_out', 'conv_out'],
  ],
  parseConfig: parseUNet3DConfig,
  parameters(config) {
    const side = smallestLatents(config);
    return unet3DConditionModel(config, { prompts: 1, frames: 1, height: side, width: side, tokens: 1 }, anyTarget)
      .parameters;
  },
};
