import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shippedCheckpoint } from '../../../tests/shipped-checkpoint';
import { checkCheckpoint } from '../load-checkpoint';
import type { CheckpointSource } from '../source';
import { decoderNetworks } from './decoder';

const config = readFileSync('reference/decoder/config.json', 'utf8');

/** A decoder's folder with some keys of its config changed; its tensors cannot be read. */
function decoder(change: object): CheckpointSource {
  const text = async () => JSON.stringify({ ...JSON.parse(config), ...change });
  const unread = () => Promise.reject(new Error('The tensors were read.'));
  return { id: 'decoder', text, optionalText: text, tensors: unread, weights: unread };
}

it('takes what diffusers has saved', () => {
  expect(Object.keys(decoderNetworks(config))).toEqual(['decoder']);
});

it.each([
  ['{"_class_name": "AutoencoderKL"}', 'is of the class AutoencoderKL'],
  ['{"_class_name": "TextToVideoSDPipeline"}', 'only AutoencoderTiny'],
  ['{"latent_channels": 4}', 'names no class'],
  ['[]', 'names no class'],
  ['{', 'config.json is not'],
])('refuses the folder of %s', (text, message) => {
  expect(() => decoderNetworks(text)).toThrow(
    expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(message) }),
  );
});

describe('beside a checkpoint', () => {
  it.each([
    [{ latent_channels: 4 }, 'decoder latent_channels is 4, but that of the model is 8'],
    [{ upsampling_scaling_factor: 3 }, 'is 81, but that of the model is 16'],
    [{ out_channels: 4 }, 'decoder out_channels is 4'],
  ])('is refused with %j before its tensors are read', async (change, message) => {
    await expect(checkCheckpoint(shippedCheckpoint(), { decoder: decoder(change) })).rejects.toMatchObject({
      code: 'invalid-checkpoint',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['decoder_block_out_channels', { decoder_block_out_channels: [8, 8, 8, 8, 16] }],
    ['num_decoder_blocks', { num_decoder_blocks: [1, 1] }],
    ['num_encoder_blocks', { num_encoder_blocks: [1, 1, 1, 1, 1000] }],
    ['upsample_fn', { upsample_fn: 'bilinear' }],
    ['act_fn', { act_fn: 'sine' }],
  ])('is refused for a %s that no such network has', async (key, change) => {
    await expect(checkCheckpoint(shippedCheckpoint(), { decoder: decoder(change) })).rejects.toMatchObject({
      code: 'unsupported-config',
      message: expect.stringContaining(key),
    });
  });
});
