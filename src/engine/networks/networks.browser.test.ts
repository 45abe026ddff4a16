/**
 * Every network against PyTorch float32, on tiny random checkpoints: reference/networks/, written by
 * training/references/networks.py.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { collectBufferSizes } from '../../../tests/gpu-devices';
import { relativeRms, Safetensors } from '../../../tests/reference';
import { adapterFacts } from '../../platform/gpu-device';
import type { NetworkGraph, Target } from '../graph/builder';
import { networkMemory } from '../graph/memory';
import { GpuMeter } from '../runtime/gpu-meter';
import { Network } from '../runtime/network';
import { concat, swapFirstAxes } from '../tensor';
import { checkTensors } from '../weights';
import { autoencoderAliases, autoencoderDecoder, autoencoderEncoder, parseAutoencoderConfig } from './autoencoder-kl';
import {
  autoencoderTinyDecoder,
  autoencoderTinyDefinition,
  autoencoderTinyEncoder,
  tinyScaleFactor,
} from './autoencoder-tiny';
import { clipTextAliases, clipTextModel, parseClipTextConfig } from './clip-text-model';
import { parseUNet3DConfig, timestepEmbedding, unet3DConditionModel } from './unet-3d-condition-model';

const adapter = await adapterFacts();
const targets: { target: Target; tolerance: number }[] = [
  { target: { device: 'wasm', dtype: 'float32' }, tolerance: 1e-4 },
  { target: { device: 'webgpu', dtype: 'float32' }, tolerance: 1e-4 },
];
// SwiftShader has no shader-f16; if the adapter has it, half precision has its own tolerance
if (adapter?.float16) targets.push({ target: { device: 'webgpu', dtype: 'float16' }, tolerance: 2e-2 });

async function reference(name: string) {
  const base = `/reference/networks/${name}`;
  const [config, checkpoint, io] = await Promise.all([
    fetch(`${base}/config.json`).then((response) => response.json() as Promise<unknown>),
    Safetensors.fetch(`${base}/weights.safetensors`),
    Safetensors.fetch(`${base}/io.safetensors`),
  ]);
  return { config, checkpoint, io };
}

const buffers = collectBufferSizes();
const errors: string[] = [];
async function compare(
  name: string,
  { target, tolerance }: (typeof targets)[number],
  graph: NetworkGraph,
  checkpoint: Safetensors,
  inputs: Record<string, Float32Array | Int32Array>,
  expected: Float32Array,
) {
  const meter = new GpuMeter();
  const options = { aliases: autoencoderAliases, meter };
  buffers.length = 0;
  const network = await Network.create(graph, checkpoint.weights, target.device, options);
  const error = relativeRms(await network.run(inputs), expected);
  await network.release();
  const measured = meter.use.gpuBytesAtPeak;
  const { weights, activations, largest } = networkMemory(graph);
  const share = (weights + activations) / measured;
  const memory = target.device === 'webgpu' ? `, memory ${share.toFixed(2)} × ${measured} bytes` : '';
  errors.push(`${name} ${graph.name} ${target.device} ${target.dtype} ${error.toExponential(2)}${memory}`);
  expect(error).toBeLessThan(tolerance);
  if (target.device !== 'webgpu') return;
  // the computed amount never exceeds the actual one; the rest is internal memory of kernels, and uniforms
  expect(share).toBeLessThanOrEqual(1);
  expect(share).toBeGreaterThan(0.6);
  expect(Math.max(...buffers)).toBe(largest);
}
afterAll(() => console.info(errors.join('\n')));

describe.each(targets)('$target.device $target.dtype', (at) => {
  test.each(['unet-ms', 'unet-odd', 'unet-one-frame', 'unet-ragged', 'unet-small', 'unet-thin'])('%s', async (name) => {
    const { config, checkpoint, io } = await reference(name);
    const unet = parseUNet3DConfig(config);
    const [, channels = 0, frames = 0, height = 0, width = 0] = io.shape('sample');
    const shape = { prompts: 1, frames, height, width, tokens: io.shape('encoder_hidden_states')[1] ?? 0 };
    const graph = unet3DConditionModel(unet, shape, at.target);
    checkTensors('weights.safetensors', graph.parameters, checkpoint.weights.tensors);
    const inputs = {
      sample: swapFirstAxes(io.floats('sample'), channels, frames),
      time: timestepEmbedding(io.floats('timestep')[0] ?? 0, unet.block_out_channels[0] ?? 0),
      encoder_hidden_states: io.floats('encoder_hidden_states'),
    };
    const out = swapFirstAxes(io.floats('out'), unet.out_channels, frames);
    await compare(name, at, graph, checkpoint, inputs, out);

    // two prompts at once, which happens only on the CPU: neither affects the other's result
    if (at.target.device === 'webgpu') return;
    const twice = unet3DConditionModel(unet, { ...shape, prompts: 2 }, at.target);
    const network = await Network.create(twice, checkpoint.weights, at.target.device);
    const context = inputs.encoder_hidden_states;
    const run = (prompts: Float32Array[]) => network.run({ ...inputs, encoder_hidden_states: concat(prompts) });
    const [ahead, behind] = [await run([context, context.toReversed()]), await run([context.toReversed(), context])];
    await network.release();
    expect(relativeRms(ahead.subarray(0, out.length), out)).toBeLessThan(at.tolerance);
    expect(relativeRms(behind.subarray(out.length), out)).toBeLessThan(at.tolerance);
    expect(relativeRms(ahead.subarray(out.length), behind.subarray(0, out.length))).toBeLessThan(at.tolerance);
    expect(relativeRms(ahead.subarray(out.length), out)).toBeGreaterThan(10 * at.tolerance);
  });

  test.each(['vae-ms', 'vae-new', 'vae-bare'])('%s', async (name) => {
    const { config, checkpoint, io } = await reference(name);
    const vae = parseAutoencoderConfig(config);
    const [, , height = 0, width = 0] = io.shape('latents');
    const decoder = autoencoderDecoder(vae, { height, width }, at.target);
    const [, , imageHeight = 0, imageWidth = 0] = io.shape('image');
    const encoder = autoencoderEncoder(vae, { height: imageHeight, width: imageWidth }, at.target);
    const parameters = new Map([...encoder.parameters, ...decoder.parameters]);
    checkTensors('weights.safetensors', parameters, checkpoint.weights.tensors, autoencoderAliases);
    await compare(name, at, decoder, checkpoint, { latents: io.floats('latents') }, io.floats('sample'));
    await compare(name, at, encoder, checkpoint, { image: io.floats('image') }, io.floats('moments'));
  });

  test.each(['tiny-sd', 'tiny-odd'])('%s', async (name) => {
    const { config, checkpoint, io } = await reference(name);
    const tiny = autoencoderTinyDefinition.parseConfig(config);
    checkTensors('weights.safetensors', autoencoderTinyDefinition.parameters(tiny), checkpoint.weights.tensors);
    const [, , height = 0, width = 0] = io.shape('latents');
    const [, , imageHeight = 0, imageWidth = 0] = io.shape('image');
    expect([imageHeight, imageWidth]).toEqual([height, width].map((size) => size * tinyScaleFactor(tiny)));
    const decoder = autoencoderTinyDecoder(tiny, { height, width }, at.target);
    const encoder = autoencoderTinyEncoder(tiny, { height: imageHeight, width: imageWidth }, at.target);
    await compare(name, at, decoder, checkpoint, { latents: io.floats('latents') }, io.floats('sample'));
    await compare(name, at, encoder, checkpoint, { image: io.floats('image') }, io.floats('encoded'));
  });

  test.each(['text-gelu', 'text-quick-gelu', 'text-odd'])('%s', async (name) => {
    const { config, checkpoint, io } = await reference(name);
    const graph = clipTextModel(parseClipTextConfig(config), io.shape('input_ids')[1] ?? 0, at.target);
    checkTensors('weights.safetensors', graph.parameters, checkpoint.weights.tensors);
    await compare(name, at, graph, checkpoint, { input_ids: io.ints('input_ids') }, io.floats('last_hidden_state'));
  });

  test('text encoder without the prefix of its tensors', async () => {
    const { config, checkpoint, io } = await reference('text-odd');
    const graph = clipTextModel(parseClipTextConfig(config), io.shape('input_ids')[1] ?? 0, at.target);
    const { tensors, files } = checkpoint.weights;
    const weights = {
      tensors: new Map([...tensors].map(([name, tensor]) => [name.replace('text_model.', ''), tensor])),
      files,
    };
    checkTensors('weights.safetensors', graph.parameters, weights.tensors, clipTextAliases);
    const network = await Network.create(graph, weights, at.target.device, { aliases: clipTextAliases });
    const output = await network.run({ input_ids: io.ints('input_ids') });
    await network.release();
    expect(relativeRms(output, io.floats('last_hidden_state'))).toBeLessThan(at.tolerance);
  });
});
