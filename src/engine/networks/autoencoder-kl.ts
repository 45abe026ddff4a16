/** AutoencoderKL, decoder and encoder. Source: diffusers models/autoencoders/autoencoder_kl.py, vae.py. */
import { z } from 'zod';
import { activationName, channelList, only, parseConfig, positiveInt } from '../config';
import { GraphBuilder, type NetworkGraph, type Target } from '../graph/builder';
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
import { downsample, resnetBlock, same, upsample } from './resnet-block';

const schema = z
  .object({
    _class_name: only('AutoencoderKL'),
    in_channels: positiveInt.default(3),
    out_channels: positiveInt.default(3),
    down_block_types: z.array(z.literal('DownEncoderBlock2D')).default(['DownEncoderBlock2D']),
    up_block_types: z.array(z.literal('UpDecoderBlock2D')).default(['UpDecoderBlock2D']),
    block_out_channels: channelList.default([64]),
    layers_per_block: positiveInt.default(1),
    act_fn: activationName.default('silu'),
    latent_channels: positiveInt.default(4),
    norm_num_groups: positiveInt.default(32),
    sample_size: z.union([positiveInt, z.tuple([positiveInt, positiveInt])]).default(32),
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
    const odd = channels.find((count) => count % groups !== 0);
    if (odd !== undefined)
      issue('norm_num_groups', `must divide block_out_channels, but ${groups} does not divide ${odd}`);
  });

export type AutoencoderConfig = z.infer<typeof schema>;

/** Throws KinoraError `unsupported-config`, naming the key. */
export const parseAutoencoderConfig = (json: unknown): AutoencoderConfig =>
  parseConfig(schema, json, 'vae/config.json');

/** Pixels per latent, in each direction. */
export const vaeScaleFactor = (config: AutoencoderConfig): number => 2 ** (config.block_out_channels.length - 1);

const EPS = 1e-6;

function resnet(
  g: GraphBuilder,
  config: AutoencoderConfig,
  x: FeatureMap,
  name: string,
  outChannels: number,
): FeatureMap {
  return resnetBlock(g, x, name, { outChannels, groups: config.norm_num_groups, eps: EPS, act: config.act_fn });
}

/** UNetMidBlock2D: a resnet, attention of one head over the pixels, a resnet. */
function midBlock(g: GraphBuilder, config: AutoencoderConfig, x: FeatureMap, name: string): FeatureMap {
  let h = resnet(g, config, x, `${name}.resnets.0`, x.channels);
  if (config.mid_block_add_attention) {
    const attn = `${name}.attentions.0`;
    const tokens = toTokens(g, groupNorm(g, h, `${attn}.group_norm`, { groups: config.norm_num_groups, eps: EPS }));
    const project = (to: string) => linear(g, tokens, `${attn}.${to}`, x.channels);
    const mixed = plainAttention(g, project('to_q'), project('to_k'), project('to_v'), 1);
    h = addMaps(g, h, fromTokens(g, linear(g, mixed, `${attn}.to_out.0`, x.channels), h));
  }
  return resnet(g, config, h, `${name}.resnets.1`, x.channels);
}

function normOut(g: GraphBuilder, config: AutoencoderConfig, x: FeatureMap, name: string): FeatureMap {
  return groupNorm(g, x, name, { groups: config.norm_num_groups, eps: EPS, silu: true });
}

/** Input: `latents` [1, latent_channels, height, width], divided by scaling_factor. Output: `sample` [1, out_channels, H, W], about −1 to 1. */
export function autoencoderDecoder(
  config: AutoencoderConfig,
  latents: { height: number; width: number },
  target: Target,
): NetworkGraph {
  const g = new GraphBuilder('AutoencoderKL.decode', target);
  const channels = [...config.block_out_channels].reverse();
  let x = fromChannelsFirst(
    g,
    g.input('latents', 'float32', [1, config.latent_channels, latents.height, latents.width]),
  );
  if (config.use_post_quant_conv) x = conv2d(g, x, 'post_quant_conv', config.latent_channels, { kernel: [1, 1] });
  x = conv2d(g, x, 'decoder.conv_in', channels[0] ?? 0, same);
  x = midBlock(g, config, x, 'decoder.mid_block');
  for (const [i, count] of channels.entries()) {
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      x = resnet(g, config, x, `decoder.up_blocks.${i}.resnets.${layer}`, count);
    }
    if (i < channels.length - 1) x = upsample(g, x, `decoder.up_blocks.${i}.upsamplers.0`);
  }
  x = conv2d(g, normOut(g, config, x, 'decoder.conv_norm_out'), 'decoder.conv_out', config.out_channels, same);
  g.output('sample', toChannelsFirst(g, x));
  return g.finish();
}

/** Input: `image` [1, in_channels, H, W], −1 to 1. Output: `moments` [1, 2 × latent_channels, height, width]: mean, then log variance. */
export function autoencoderEncoder(
  config: AutoencoderConfig,
  image: { height: number; width: number },
  target: Target,
): NetworkGraph {
  const g = new GraphBuilder('AutoencoderKL.encode', target);
  const channels = config.block_out_channels;
  let x = fromChannelsFirst(g, g.input('image', 'float32', [1, config.in_channels, image.height, image.width]));
  x = conv2d(g, x, 'encoder.conv_in', channels[0] ?? 0, same);
  for (const [i, count] of channels.entries()) {
    for (let layer = 0; layer < config.layers_per_block; layer++) {
      x = resnet(g, config, x, `encoder.down_blocks.${i}.resnets.${layer}`, count);
    }
    if (i < channels.length - 1) x = downsample(g, x, `encoder.down_blocks.${i}.downsamplers.0`, 0);
  }
  x = midBlock(g, config, x, 'encoder.mid_block');
  x = conv2d(g, normOut(g, config, x, 'encoder.conv_norm_out'), 'encoder.conv_out', 2 * config.latent_channels, same);
  if (config.use_quant_conv) x = conv2d(g, x, 'quant_conv', 2 * config.latent_channels, { kernel: [1, 1] });
  g.output('moments', toChannelsFirst(g, x));
  return g.finish();
}

/** Checkpoints from before diffusers 0.18 name the attention's projections otherwise; the tensors are the same. */
export const autoencoderAliases: readonly (readonly [RegExp, string])[] = [
  [/(attentions\.\d+)\.to_q\./, '$1.query.'],
  [/(attentions\.\d+)\.to_k\./, '$1.key.'],
  [/(attentions\.\d+)\.to_v\./, '$1.value.'],
  [/(attentions\.\d+)\.to_out\.0\./, '$1.proj_attn.'],
];
