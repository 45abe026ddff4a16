/** The checkpoint that Kinora is built for, on devices of several kinds. */
import { describe, expect, test, vi } from 'vitest';
import type { DeviceFacts } from '../platform/device-facts';
import { assessDevice, deviceNeeds, targetFor } from './device-needs';
import { withDecoder } from './pipelines/decoder';
import { textToVideoSD } from './pipelines/text-to-video-sd';

// every assessment writes whole networks
vi.setConfig({ testTimeout: 60_000 });

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** text-to-video-ms-1.7b; omitted keys have their defaults. */
const large = textToVideoSD.fromConfigs({
  text_encoder: {
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 23,
    num_attention_heads: 16,
    hidden_act: 'gelu',
  },
  unet: {},
  vae: {
    block_out_channels: [128, 256, 512, 512],
    down_block_types: Array(4).fill('DownEncoderBlock2D'),
    up_block_types: Array(4).fill('UpDecoderBlock2D'),
    layers_per_block: 2,
  },
});
/** A checkpoint of the size of the shipped one. */
const small = textToVideoSD.fromConfigs({
  text_encoder: { hidden_size: 32, num_attention_heads: 4, intermediate_size: 128 },
  unet: {
    block_out_channels: [48, 96],
    down_block_types: ['CrossAttnDownBlock3D', 'CrossAttnDownBlock3D'],
    up_block_types: ['CrossAttnUpBlock3D', 'CrossAttnUpBlock3D'],
    attention_head_dim: 16,
    cross_attention_dim: 32,
    norm_num_groups: 8,
  },
  vae: {
    block_out_channels: [12, 24, 48, 64, 64],
    down_block_types: Array(5).fill('DownEncoderBlock2D'),
    up_block_types: Array(5).fill('UpDecoderBlock2D'),
    norm_num_groups: 1,
  },
});

/** The same with TAESD, whose config says what the class's defaults are. */
const { pipeline: withTaesd } = withDecoder({ networks: textToVideoSD.networks, pipeline: large }, '{}');

const usual = { numFrames: 16, width: 256, height: 256 };
const tiny = { numFrames: 2, width: 32, height: 32 };
const half = { device: 'webgpu', dtype: 'float16' } as const;
const single = { device: 'webgpu', dtype: 'float32' } as const;

function device(
  adapter: Partial<NonNullable<DeviceFacts['adapter']>> | undefined,
  rest: Partial<DeviceFacts> = {},
): DeviceFacts {
  const whole = {
    name: 'a GPU',
    software: false,
    float16: true,
    maxBufferSize: 4 * GIB,
    maxStorageBufferBindingSize: 2 * GIB,
  };
  return { adapter: adapter && { ...whole, ...adapter }, jspi: true, memoryBytes: 16 * GIB, ...rest };
}

/** What each network needs in half precision on a GPU. */
function networksOf(configs: typeof large, size: typeof usual) {
  const { networks } = deviceNeeds(configs, size, half);
  const of = (name: string) => {
    const found = networks.find(({ component }) => component === name);
    if (!found) throw new Error(`There is no ${name}.`);
    return found;
  };
  return { text_encoder: of('text_encoder'), unet: of('unet'), vae: of('vae') };
}

describe('needs', () => {
  test('weights are those of the files, but for the norms, which WebGPU takes in float32', () => {
    const networks = networksOf(large, usual);
    // the number of parameters of the three files; for the VAE, only the decoder
    expect(networks.unet.weights / (2 * 1_411_233_860)).toBeCloseTo(1, 3);
    expect(networks.text_encoder.weights / (2 * 340_387_840)).toBeCloseTo(1, 3);
    expect(networks.vae.weights / (2 * 49_490_199)).toBeCloseTo(1, 3);
  });

  test('float32 doubles them', () => {
    const [f16, f32] = [deviceNeeds(large, tiny, half), deviceNeeds(large, tiny, single)];
    expect(f32.bytes['low-memory'] / f16.bytes['low-memory']).toBeCloseTo(2, 1);
  });

  test('activations grow with frames and pixels, weights do not', () => {
    const once = networksOf(large, usual).unet;
    const twice = networksOf(large, { ...usual, numFrames: 32 }).unet;
    expect(twice.weights).toBe(once.weights);
    expect(twice.activations / once.activations).toBeCloseTo(2, 1);
  });

  test('one network at a time needs what the largest needs', () => {
    const { bytes } = deviceNeeds(large, usual, half);
    const networks = networksOf(large, usual);
    expect(bytes['low-memory']).toBe(networks.unet.weights + networks.unet.activations);
    expect(bytes['keep-ready']).toBeGreaterThan(bytes['low-memory'] + networks.text_encoder.weights);
  });

  test('a tiny decoder takes the place of the VAE, and stays beside the largest network', () => {
    const [vae, tiny] = [deviceNeeds(large, usual, half), deviceNeeds(withTaesd, usual, half)];
    expect(tiny.networks.map(({ component }) => component)).toEqual(['text_encoder', 'unet', 'decoder']);
    const [, unet, decoder] = tiny.networks;
    const [each, former] = [decoder, vae.networks[2]].map((needs) => (needs?.weights ?? 0) + (needs?.activations ?? 0));
    // parameters of TAESD's decoder
    expect((decoder?.weights ?? 0) / (2 * 1_222_531)).toBeCloseTo(1, 2);
    expect(each).toBeLessThan((former ?? 0) / 4);
    expect(tiny.bytes['low-memory']).toBe((unet?.weights ?? 0) + (unet?.activations ?? 0) + (each ?? 0));
    expect(vae.bytes['keep-ready'] - tiny.bytes['keep-ready']).toBe((former ?? 0) - (each ?? 0));
  });
});

describe('assessment', () => {
  const assess = (facts: DeviceFacts, size = usual, configs: typeof large | typeof small = large) => {
    const { shortfalls, alternatives } = assessDevice(configs, size, facts);
    return {
      stopped: shortfalls.filter(({ stops }) => stops).map(({ lack }) => lack),
      worse: shortfalls.filter(({ stops }) => !stops).map(({ lack }) => lack),
      alternatives,
    };
  };

  test('a GPU with everything lacks nothing', () => {
    expect(assess(device({}))).toEqual({ stopped: [], worse: [], alternatives: [] });
  });

  test('no float16, no JSPI: it works, and costs', () => {
    const { stopped, worse } = assess(device({ float16: false }, { jspi: false }));
    expect([stopped, worse]).toEqual([[], ['float16', 'jspi']]);
  });

  test('limits below the largest buffer stop a video; what is offered instead fits them', () => {
    const needed = deviceNeeds(small, usual, half).largest.bytes;
    const limited = device({ maxBufferSize: needed - 1, maxStorageBufferBindingSize: needed - 1 });
    const { shortfalls } = assessDevice(small, usual, limited);
    expect(shortfalls).toEqual([{ lack: 'buffer-size', stops: true, needed, available: needed - 1 }]);
    const { alternatives } = assess(limited, usual, small);
    expect(alternatives).toEqual([
      { change: 'fewer-frames', ...usual, numFrames: 12 },
      { change: 'smaller-size', ...usual, width: 192, height: 192 },
      { change: 'cpu', ...usual },
    ]);
  });

  test('weights that pass a limit stop every size', () => {
    // the table of tokens has 97 MiB
    const { stopped, alternatives } = assess(device({ maxStorageBufferBindingSize: 64 * MIB }), tiny);
    expect(stopped).toEqual(['binding-size']);
    expect(alternatives).toEqual([]);
  });

  test('little memory: one network at a time, or a smaller video', () => {
    const { worse, alternatives } = assess(device({}, { memoryBytes: 5 * GIB }));
    expect(worse).toEqual([]);
    expect(alternatives.map(({ change }) => change)).toEqual(['low-memory']);
    expect(assess(device({}, { memoryBytes: 2 * GIB })).worse).toEqual(['memory']);
  });

  test('what is asked for is assessed, also where it is not there', () => {
    expect(targetFor(device({}), 'wasm')).toEqual({ device: 'wasm', dtype: 'float32' });
    expect(targetFor(device({}), 'auto', 'float32')).toEqual(single);
    expect(targetFor(device({ software: true }), 'webgpu')).toEqual(half);
    const stops = (facts: DeviceFacts, dtype: 'auto' | 'float16') =>
      assessDevice(small, tiny, facts, targetFor(facts, 'webgpu', dtype))
        .shortfalls.filter(({ stops }) => stops)
        .map(({ lack }) => lack);
    expect(stops(device(undefined), 'auto')).toEqual(['webgpu']);
    expect(stops(device({ float16: false }), 'auto')).toEqual([]);
    expect(stops(device({ float16: false }), 'float16')).toEqual(['float16']);
  });

  test('without a GPU the small checkpoint runs, the large one never', () => {
    for (const facts of [device(undefined), device({ software: true })]) {
      expect(targetFor(facts)).toEqual({ device: 'wasm', dtype: 'float32' });
      expect(assess(facts, usual, small).stopped).toEqual([]);
      expect(assess(facts).stopped).toEqual(['wasm-heap']);
      expect(assess(facts).alternatives).toEqual([]);
    }
    expect(assess(device(undefined), tiny, small).worse).toEqual(['webgpu']);
    expect(assess(device({ software: true }), tiny, small).worse).toEqual(['hardware']);
  });
});
