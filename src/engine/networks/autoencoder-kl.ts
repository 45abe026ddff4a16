/** AutoencoderKL, decoder and encoder. Source: diffusers models/autoencoders/autoencoder_kl.py, vae.py. */
import { z } from 'zod';
import { at } from '../at';
import {
  activationName,
  channelCount,
  channelList,
  groupCount,
  hasTooManyLayers,
  layerCount,
  only,
  parseConfig,
  sampleSize,
  tooManyLayers,
} from '../config';
import { GraphBuilder, type NetworkGraph, type Scope, type Target } from '../graph/builder';
import {
  addMaps,
  conv2d,
  type FeatureMap,
  fromChannelsFirst,
  fromTokens,
  groupNorm,
  linear,
  plainAttention,
  toChannelsFirst,
  toTokens,
} from '../graph/layers';
import { anyTarget, type NetworkDefinition } from './definition';
import { downsample, resnetBlock, same, upsample } from './resnet-block';

const schema = z
  .object({
    _class_name: only('AutoencoderKL'),
    in_channels: channelCount.default(3),
    out_channels: channelCount.default(3),
    down_block_types: z.array(z.literal('DownEncoderBlock2D')).default(['DownEncoderBlock2D']),
    up_block_types: z.array(z.literal('UpDecoderBlock2D')).default(['UpDecoderBlock2D']),
    block_out_channels: channelList.default([64]),
    layers_per_block: layerCount.default(1),
    act_fn: activationName.default('silu'),
    latent_channels: channelCount.default(4),
    norm_num_groups: groupCount.default(32),
    sample_size: sampleSize.default(32),
    scaling_factor: z.number().positive().default(0.18215),
    shift_factor: z.null().optional(),
    latents_mean: z.null().optional(),
    latents_std: z.null().optional(),
    use_quant_conv: z.boolean().default(true),
    use_post_quant_conv: z.boolean().default(true),
    mid_block_add_attention: z.boolean().default(true),
  })
  .superRefine((config, context) => {
    const { block_out_channels: channels, norm_num_groups: groups } = config;
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const key of ['down_block_types', 'up_block_types'] as const) {
      if (config[key].length !== channels.length)
        issue(key, `needs one entry for each of the ${channels.length} block_out_channels`);
    }
    if (hasTooManyLayers(config)) issue('layers_per_block', tooManyLayers);
    const odd = channels.find((count) => count % groups !== 0);
    if (odd !== undefined)
      issue('norm_num_groups', `must divide block_out_channels, but ${groups} does not divide ${odd}`);
  });

export type AutoencoderConfig = z.infer<typeof schema>;

/** @throws KinoraError `unsupported-config`, naming the key */
export const parseAutoencoderConfig = (json: unknown): AutoencoderConfig =>
  parseConfig(schema, json, 'vae/config.json');

/** Pixels per latent, in each direction. */
export const vaeScaleFactor = (config: AutoencoderConfig): number => 2 ** (config.block_out_channels.length - 1);

const EPS = 1e-6;

function resnet(s: Scope, x: FeatureMap, config: AutoencoderConfig, outChannels: number): FeatureMap {
  return resnetBlock(s, x, { outChannels, groups: config.norm_num_groups, eps: EPS, act: config.act_fn });
}

/** UNetMidBlock2D: a resnet, attention of one head over the pixels, a resnet. */
function midBlock(s: Scope, x: FeatureMap, config: AutoencoderConfig): FeatureMap {
  const { channels } = x;
  let h = resnet(s.at('resnets', 0), x, config, channels);
  if (config.mid_block_add_attention) {
    const attn = s.at('attentions', 0);
    const normed = groupNorm(attn.at('group_norm'), h, { groups: config.norm_num_groups, eps: EPS });
    const tokens = toTokens(attn, normed);
    const query = linear(attn.at('to_q'), tokens, channels);
    const key = linear(attn.at('to_k'), tokens, channels);
    const value = linear(attn.at('to_v'), tokens, channels);
    const mixed = linear(attn.at('to_out', 0), plainAttention(attn, query, key, value, 1), channels);
    h = addMaps(s, h, fromTokens(s, mixed, h));
  }
  return resnet(s.at('resnets', 1), h, config, channels);
}

/** conv_norm_out, conv_act and conv_out. */
function convOut(s: Scope, x: FeatureMap, config: AutoencoderConfig, outChannels: number): FeatureMap {
  const normed = groupNorm(s.at('conv_norm_out'), x, { groups: config.norm_num_groups, eps: EPS, act: 'silu' });
  return conv2d(s.at('conv_out'), normed, outChannels, same);
}

/**
 * Input: `latents` [1, latent_channels, height, width], divided by scaling_factor. Output: `sample` [1, out_channels, H, W],
 * about −1 to 1.
 */
export function autoencoderDecoder(
  config: AutoencoderConfig,
  { height, width }: { height: number; width: number },
  target: Target,
): NetworkGraph {
  const g = new GraphBuilder('AutoencoderKL.decode', target);
  const s = g.at('decoder');
  const { latent_channels: latentChannels, layers_per_block: layers } = config;
  const channels = config.block_out_channels.toReversed();
  let x = fromChannelsFirst(g, g.input('latents', 'float32', [1, latentChannels, height, width]));
  if (config.use_post_quant_conv) x = conv2d(g.at('post_quant_conv'), x, latentChannels, { kernel: [1, 1] });
  x = conv2d(s.at('conv_in'), x, at(channels, 0), same);
  x = midBlock(s.at('mid_block'), x, config);
  for (const [i, count] of channels.entries()) {
    const block = s.at('up_blocks', i);
    for (let layer = 0; layer <= layers; layer++) x = resnet(block.at('resnets', layer), x, config, count);
    if (i < channels.length - 1) x = upsample(block.at('upsamplers', 0), x);
  }
  g.output('sample', toChannelsFirst(g, convOut(s, x, config, config.out_channels)));
  return g.finish();
}

/**
 * Input: `image` [1, in_channels, H, W], −1 to 1. Output: `moments` [1, 2 × latent_channels, height, width]: mean, then log
 * variance.
 */
export function autoencoderEncoder(
  config: AutoencoderConfig,
  { height, width }: { height: number; width: number },
  target: Target,
): NetworkGraph {
  const g = new GraphBuilder('AutoencoderKL.encode', target);
  const s = g.at('encoder');
  const { block_out_channels: channels, layers_per_block: layers } = config;
  const moments = 2 * config.latent_channels;
  let x = fromChannelsFirst(g, g.input('image', 'float32', [1, config.in_channels, height, width]));
  x = conv2d(s.at('conv_in'), x, at(channels, 0), same);
  for (const [i, count] of channels.entries()) {
    const block = s.at('down_blocks', i);
    for (let layer = 0; layer < layers; layer++) x = resnet(block.at('resnets', layer), x, config, count);
    if (i < channels.length - 1) x = downsample(block.at('downsamplers', 0), x, 0);
  }
  x = midBlock(s.at('mid_block'), x, config);
  x = convOut(s, x, config, moments);
  if (config.use_quant_conv) x = conv2d(g.at('quant_conv'), x, moments, { kernel: [1, 1] });
  g.output('moments', toChannelsFirst(g, x));
  return g.finish();
}

/** Older versions of diffusers name the attention's projections differently; the tensors are the same. */
export const autoencoderAliases: readonly (readonly [RegExp, string])[] = [
  [/(attentions\.\d+)\.to_q\./, '$1.query.'],
  [/(attentions\.\d+)\.to_k\./, '$1.key.'],
  [/(attentions\.\d+)\.to_v\./, '$1.value.'],
  [/(attentions\.\d+)\.to_out\.0\./, '$1.proj_attn.'],
];

export const autoencoderDefinition: NetworkDefinition<AutoencoderConfig> = {
  className: 'AutoencoderKL',
  label: 'decoder',
  weights: { safetensors: 'diffusion_pytorch_model', pytorch: 'diffusion_pytorch_model' },
  aliases: autoencoderAliases,
  parseConfig: parseAutoencoderConfig,
  parameters(config) {
    const scale = vaeScaleFactor(config);
    return new Map([
      ...autoencoderEncoder(config, { height: scale, width: scale }, anyTarget).parameters,
      ...autoencoderDecoder(config, { height: 1, width: 1 }, anyTarget).parameters,
    ]);
  },
};
