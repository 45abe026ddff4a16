/** What config files may ask for: every model of these classes, but nothing that would exhaust memory. */
import { describe, expect, test } from 'vitest';
import { autoencoderDecoder, parseAutoencoderConfig } from './networks/autoencoder-kl';
import { clipTextModel, parseClipTextConfig } from './networks/clip-text-model';
import { parseUNet3DConfig, unet3DConditionModel } from './networks/unet-3d-condition-model';

const parsers = { text: parseClipTextConfig, unet: parseUNet3DConfig, vae: parseAutoencoderConfig };
type Name = keyof typeof parsers;

const blocks = (count: number) => ({
  block_out_channels: Array(count).fill(32),
  down_block_types: Array(count).fill('DownBlock3D'),
  up_block_types: Array(count).fill('UpBlock3D'),
});
const vaeBlocks = (count: number) => ({
  block_out_channels: Array(count).fill(32),
  down_block_types: Array(count).fill('DownEncoderBlock2D'),
  up_block_types: Array(count).fill('UpDecoderBlock2D'),
});
const huge = 2 ** 31 - 1;

describe('a value beyond reason is refused, naming the key', () => {
  test.each<[Name, string, unknown, object?]>([
    ['text', 'num_hidden_layers', huge],
    ['text', 'num_hidden_layers', 129],
    ['text', 'max_position_embeddings', 23_000],
    ['text', 'max_position_embeddings', 100_000],
    ['text', 'vocab_size', huge],
    ['text', 'hidden_size', huge],
    ['text', 'intermediate_size', huge],
    ['text', 'num_attention_heads', huge],
    ['text', 'layer_norm_eps', Number.POSITIVE_INFINITY],
    ['unet', 'layers_per_block', huge],
    ['unet', 'layers_per_block', 9],
    ['unet', 'layers_per_block', 17, blocks(2)],
    ['unet', 'block_out_channels', Array(17).fill(32), blocks(17)],
    ['unet', 'block_out_channels.0', huge, { block_out_channels: [huge, 32, 32, 32] }],
    ['unet', 'norm_num_groups', 65_536, { block_out_channels: Array(4).fill(65_536) }],
    ['unet', 'in_channels', huge],
    ['unet', 'out_channels', huge],
    ['unet', 'cross_attention_dim', huge],
    ['unet', 'attention_head_dim', huge],
    ['unet', 'attention_head_dim', Array(1000).fill(64)],
    ['unet', 'sample_size', huge],
    ['vae', 'layers_per_block', huge],
    ['vae', 'layers_per_block', 17, vaeBlocks(2)],
    ['vae', 'block_out_channels', Array(17).fill(32), vaeBlocks(17)],
    ['vae', 'latent_channels', huge],
    ['vae', 'norm_num_groups', 1024, { block_out_channels: [1024] }],
    ['vae', 'sample_size', [huge, huge]],
  ])('%s %s %s', (network, key, value, more = {}) => {
    expect(() => parsers[network]({ ...more, [key]: value })).toThrow(
      expect.objectContaining({ code: 'unsupported-config', message: expect.stringContaining(key) }),
    );
  });
});

describe('what there is, is taken', () => {
  test.each<[string, Name, object]>([
    ['CLIP ViT-L', 'text', { hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12 }],
    [
      'OpenCLIP ViT-H',
      'text',
      { hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 23, num_attention_heads: 16 },
    ],
    [
      'OpenCLIP bigG',
      'text',
      { hidden_size: 1280, intermediate_size: 5120, num_hidden_layers: 32, num_attention_heads: 20 },
    ],
    ['LongCLIP', 'text', { max_position_embeddings: 248 }],
    [
      "transformers' own tests",
      'text',
      { vocab_size: 99, max_position_embeddings: 512, hidden_size: 32, num_attention_heads: 4 },
    ],
    ['a multilingual one', 'text', { vocab_size: 250_002 }],
    ['text-to-video-ms-1.7b', 'unet', {}],
    ["diffusers' own tests", 'unet', { ...blocks(2), layers_per_block: 1, attention_head_dim: 4, sample_size: 32 }],
    [
      "Stable Diffusion's",
      'vae',
      { ...vaeBlocks(4), block_out_channels: [128, 256, 512, 512], layers_per_block: 2, sample_size: 1024 },
    ],
  ])('%s (%s)', (_, network, config) => {
    expect(() => parsers[network](config)).not.toThrow();
  });
});

test('the largest that are taken make graphs of some thousand nodes and a few megabytes', () => {
  const target = { device: 'wasm', dtype: 'float32' } as const;
  const largest = { layers_per_block: 2, norm_num_groups: 256, block_out_channels: Array(16).fill(65_536) };
  const unet = parseUNet3DConfig({
    ...largest,
    down_block_types: Array(16).fill('CrossAttnDownBlock3D'),
    up_block_types: Array(16).fill('CrossAttnUpBlock3D'),
  });
  const vae = parseAutoencoderConfig({ ...vaeBlocks(16), ...largest });
  const text = parseClipTextConfig({ num_hidden_layers: 128, max_position_embeddings: 1024 });
  const graphs = [
    clipTextModel(text, 1024, target),
    unet3DConditionModel(unet, { prompts: 1, frames: 2, height: 2, width: 2, tokens: 2 }, target),
    autoencoderDecoder(vae, { height: 1, width: 1 }, target),
  ];
  for (const { nodes, parameters, constants } of graphs) {
    expect(nodes.length).toBeLessThan(20_000);
    expect(parameters.size).toBeLessThan(10_000);
    expect(constants.reduce((bytes, { data }) => bytes + data.length, 0)).toBeLessThan(8e6);
  }
});

test('a UNet that pads nothing says how many latents it needs', () => {
  const unet = parseUNet3DConfig({ downsample_padding: 0 });
  const graph = (width: number) => () =>
    unet3DConditionModel(
      unet,
      { prompts: 1, frames: 1, height: 8, width, tokens: 1 },
      { device: 'wasm', dtype: 'float32' },
    );
  expect(graph(8)).not.toThrow();
  expect(graph(7)).toThrow(
    expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('at least 8 latents') }),
  );
});

describe('the message', () => {
  const long = 'x'.repeat(1e5);
  let deep: unknown = 1;
  for (let i = 0; i < 1e5; i++) deep = [deep];

  test.each<[string, object]>([
    ['a long value', { act_fn: long, _class_name: long }],
    ['a long list', { block_out_channels: Array(1e4).fill('x') }],
    ['a list of lists of lists', { sample_size: deep, norm_eps: deep }],
    ['a length of lists of lists', { block_out_channels: { length: deep } }],
    ['everything', Object.fromEntries(Object.keys(parseUNet3DConfig({})).map((key) => [key, long]))],
  ])('is short with %s', (_, config) => {
    expect(() => parseUNet3DConfig(config)).toThrow(
      expect.objectContaining({ code: 'unsupported-config', message: expect.stringMatching(/^.{30,1000}$/s) }),
    );
  });

  test('names each key, what it should be and what it is', () => {
    expect(() => parseUNet3DConfig({ in_channels: 0, act_fn: 'tanh' })).toThrow(
      /in_channels: .* \(it is 0\); act_fn: .* \(it is "tanh"\)\.$/,
    );
  });
});
