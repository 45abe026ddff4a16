import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { autoencoderDecoder, autoencoderDefinition } from '../networks/autoencoder-kl';
import { autoencoderTinyDecoder, autoencoderTinyDefinition } from '../networks/autoencoder-tiny';
import { clipTextDefinition, clipTextModel } from '../networks/clip-text-model';
import { unet3DConditionModel, unet3DDefinition } from '../networks/unet-3d-condition-model';
import type { Target } from './builder';
import { networkFlops } from './flops';

/** What PyTorch counts for text-to-video-ms-1.7b: training/references/flops.py. */
const file = path.resolve(import.meta.dirname, '../../../reference/flops.json');
const counted: Record<string, { config: unknown; flops: number; flopsOf16Frames?: number }> = JSON.parse(
  readFileSync(file, 'utf8'),
);
const configOf = (network: string) => counted[network]?.config;
const targets: Target[] = [
  { device: 'webgpu', dtype: 'float16' },
  { device: 'wasm', dtype: 'float32' },
];
const latents = { height: 32, width: 32 };

describe.each(targets)('$device', (target) => {
  const unet = (frames: number) => {
    const config = unet3DDefinition.parseConfig(configOf('unet'));
    return networkFlops(unet3DConditionModel(config, { prompts: 1, frames, ...latents, tokens: 77 }, target));
  };

  test('as many as PyTorch counts', () => {
    const clip = clipTextDefinition.parseConfig(configOf('text_encoder'));
    const vae = autoencoderDefinition.parseConfig(configOf('vae'));
    const tiny = autoencoderTinyDefinition.parseConfig(configOf('decoder'));
    expect(networkFlops(clipTextModel(clip, 77, target))).toBe(counted.text_encoder?.flops);
    expect(networkFlops(autoencoderDecoder(vae, latents, target))).toBe(counted.vae?.flops);
    expect(networkFlops(autoencoderTinyDecoder(tiny, latents, target))).toBe(counted.decoder?.flops);
    expect(unet(1)).toBe(counted.unet?.flops);
  });

  test('fewer where diffusers does the same for every frame', () => {
    const share = unet(16) / (counted.unet?.flopsOf16Frames ?? 0);
    expect(share).toBeGreaterThan(0.98);
    expect(share).toBeLessThan(1);
  });
});
