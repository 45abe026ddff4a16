/** AutoencoderTiny (TAESD), decoder and encoder. Source: diffusers models/autoencoders/autoencoder_tiny.py, vae.py. */
import { z } from 'zod';
import { at } from '../at';
import { activationName, channelCount, channelList, maxBlocks, only, parseConfig, positiveInt } from '../config';
import { GraphBuilder, type NetworkGraph, type Scope, type Target } from '../graph/builder';
import {
  activateMap,
  addMaps,
  conv2d,
  type FeatureMap,
  fromChannelsFirst,
  resizeNearest,
  scaleMap,
  shiftMap,
  toChannelsFirst,
} from '../graph/layers';
import { anyTarget, type NetworkDefinition } from './definition';
import { same } from './resnet-block';

/** AutoencoderTinyBlocks of each level, of which TAESD has at most three. */
const blockCounts = z.array(z.number().int().min(0).max(16)).min(1).max(maxBlocks);

const schema = z
  .object({
    _class_name: only('AutoencoderTiny'),
    in_channels: channelCount.default(3),
    out_channels: channelCount.default(3),
    encoder_block_out_channels: channelList.default([64, 64, 64, 64]),
    decoder_block_out_channels: channelList.default([64, 64, 64, 64]),
    act_fn: activationName.default('relu'),
    upsample_fn: z.literal('nearest').default('nearest'),
    latent_channels: channelCount.default(4),
    upsampling_scaling_factor: positiveInt.max(16).default(2),
    num_encoder_blocks: blockCounts.default([1, 3, 3, 3]),
    num_decoder_blocks: blockCounts.default([3, 3, 3, 1]),
    scaling_factor: z.number().positive().default(1),
  })
  .superRefine((config, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const half of ['encoder', 'decoder'] as const) {
      const channels = config[`${half}_block_out_channels`];
      const blocks = `num_${half}_blocks` as const;
      if (config[blocks].length !== channels.length)
        issue(blocks, `needs one entry for each of the ${channels.length} ${half}_block_out_channels`);
      // the class itself has no layer that goes from one to another
      if (new Set(channels).size > 1) issue(`${half}_block_out_channels`, 'must all be the same');
    }
  });

export type AutoencoderTinyConfig = z.infer<typeof schema>;

/** @throws KinoraError `unsupported-config`, naming the key */
export const parseAutoencoderTinyConfig = (json: unknown): AutoencoderTinyConfig =>
  parseConfig(schema, json, 'config.json of AutoencoderTiny');

/** Pixels per latent, in each direction, of the decoder. */
export const tinyScaleFactor = ({
  upsampling_scaling_factor: factor,
  num_decoder_blocks: blocks,
}: AutoencoderTinyConfig) => factor ** (blocks.length - 1);

/** AutoencoderTinyBlock; its channels stay the same, so it has no convolution in its shortcut. */
function block(s: Scope, x: FeatureMap, { act_fn: act }: AutoencoderTinyConfig): FeatureMap {
  const conv = (h: FeatureMap, index: number) => conv2d(s.at('conv', index), h, x.channels, same);
  let h = activateMap(s, conv(x, 0), act);
  h = activateMap(s, conv(h, 2), act);
  return activateMap(s, addMaps(s, conv(h, 4), x), 'relu');
}

/**
 * Input: `latents` [1, latent_channels, height, width], divided by scaling_factor. Output: `sample` [1, out_channels, H, W],
 * about −1 to 1.
 */
export function autoencoderTinyDecoder(
  config: AutoencoderTinyConfig,
  { height, width }: { height: number; width: number },
  target: Target,
): NetworkGraph {
  const g = new GraphBuilder('AutoencoderTiny.decode', target);
  let index = 0;
  /** The next module of the Sequential. */
  const next = () => g.at('decoder.layers', index++);
  const { num_decoder_blocks: blocks, upsampling_scaling_factor: factor, out_channels: colours } = config;
  const channels = at(config.decoder_block_out_channels, 0);
  const latents = fromChannelsFirst(g, g.input('latents', 'float32', [1, config.latent_channels, height, width]));
  const clamped = scaleMap(g, activateMap(g, scaleMap(g, latents, 1 / 3), 'tanh'), 3);
  let x = conv2d(next(), clamped, channels, same);
  x = activateMap(next(), x, config.act_fn);
  for (const [i, count] of blocks.entries()) {
    for (let n = 0; n < count; n++) x = block(next(), x, config);
    const last = i === blocks.length - 1;
    if (!last) x = resizeNearest(next(), x, x.height * factor, x.width * factor);
    x = conv2d(next(), x, last ? colours : channels, { ...same, bias: last });
  }
  g.output('sample', toChannelsFirst(g, shiftMap(g, scaleMap(g, x, 2), -1)));
  return g.finish();
}

/**
 * Input: `image` [1, in_channels, H, W], −1 to 1. Output: `latents` [1, latent_channels, height, width], not yet times
 * scaling_factor.
 */
export function autoencoderTinyEncoder(
  config: AutoencoderTinyConfig,
  { height, width }: { height: number; width: number },
  target: Target,
): NetworkGraph {
  const g = new GraphBuilder('AutoencoderTiny.encode', target);
  let index = 0;
  const next = () => g.at('encoder.layers', index++);
  const channels = at(config.encoder_block_out_channels, 0);
  const image = fromChannelsFirst(g, g.input('image', 'float32', [1, config.in_channels, height, width]));
  let x = scaleMap(g, shiftMap(g, image, 1), 0.5);
  for (const [i, count] of config.num_encoder_blocks.entries()) {
    x = conv2d(next(), x, channels, i === 0 ? same : { ...same, stride: 2, bias: false });
    for (let n = 0; n < count; n++) x = block(next(), x, config);
  }
  g.output('latents', toChannelsFirst(g, conv2d(next(), x, config.latent_channels, same)));
  return g.finish();
}

export const autoencoderTinyDefinition: NetworkDefinition<AutoencoderTinyConfig> = {
  className: 'AutoencoderTiny',
  label: 'tiny decoder',
  weights: { safetensors: 'diffusion_pytorch_model', pytorch: 'diffusion_pytorch_model' },
  aliases: [],
  parseConfig: parseAutoencoderTinyConfig,
  parameters(config) {
    return new Map([
      ...autoencoderTinyEncoder(config, { height: 1, width: 1 }, anyTarget).parameters,
      ...autoencoderTinyDecoder(config, { height: 1, width: 1 }, anyTarget).parameters,
    ]);
  },
};
