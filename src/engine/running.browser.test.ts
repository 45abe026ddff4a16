/** What the pipeline keeps, frees, notices and recovers from, with small videos of the shipped checkpoint. */
import { expect, test, vi } from 'vitest';
import { altered } from '../../tests/altered-checkpoint';
import { errorOf } from '../../tests/errors';
import { collectDevices } from '../../tests/gpu-devices';
import { openCheckpoint } from '../checkpoint';
import { CheckpointStore } from '../storage';
import {
  adapterFacts,
  type CheckpointSource,
  type GeneratedVideo,
  type GenerateOptions,
  type GenerationParameters,
  type Progress,
  TextToVideoPipeline,
} from '.';

// a software GPU on a busy machine is slow
vi.setConfig({ testTimeout: 600_000 });

const devices = collectDevices();
const adapter = await adapterFacts();
const store = new CheckpointStore('pipeline-test');
const shipped = await openCheckpoint(new URL('/models/moving-shapes', location.href).href, { store });

const parameters: GenerationParameters = {
  prompt: 'a red circle moving right on a blue background',
  negativePrompt: '',
  seed: 0,
  numInferenceSteps: 2,
  guidanceScale: 4,
  numFrames: 2,
  width: 32,
  height: 32,
  scheduler: 'DDIMScheduler',
};

/** A video, and everything reported while it was made. */
async function make(pipeline: TextToVideoPipeline, options: Partial<GenerateOptions> = {}) {
  const reports: Progress[] = [];
  const onProgress = (progress: Progress) => {
    reports.push(progress);
    options.onProgress?.(progress);
  };
  const video = await pipeline.generate({ ...parameters, ...options, onProgress });
  const loads = reports.filter(({ stage }) => stage === 'load');
  return { video, reports, loads, loaded: [...new Set(loads.map(({ network }) => network?.component))] };
}

/** Largest difference of any colour of any pixel. */
function distance({ frames: a }: GeneratedVideo, { frames: b }: GeneratedVideo): number {
  return Math.max(...a.flatMap((frame, f) => [...frame].map((value, i) => Math.abs(value - (b[f]?.[i] ?? 0)))));
}

const onWasm = (source: CheckpointSource) => TextToVideoPipeline.fromPretrained(source, { device: 'wasm' });

test('keep ready: what is on the device or known already is neither loaded nor run again', async () => {
  const pipeline = await onWasm(shipped);
  expect(pipeline.memory).toBe('keep-ready');
  const first = await make(pipeline);
  expect(first.loaded).toEqual(['text_encoder', 'unet', 'vae']);
  const bytes = new Map<string, number>();
  for (const { network, done, total } of first.loads) {
    if (!network) throw new Error('A load without its network.');
    expect(done).toBeGreaterThanOrEqual(bytes.get(network.component) ?? 0);
    expect(done).toBeLessThanOrEqual(total);
    bytes.set(network.component, done);
  }
  const last = first.loads.filter(({ done, total }) => done === total && total > 0);
  expect(last.map(({ network }) => network?.component)).toEqual(['text_encoder', 'unet', 'vae']);

  // another seed and step count
  const second = await make(pipeline, { seed: 1, numInferenceSteps: 1 });
  expect(second.loaded).toEqual([]);
  expect(second.reports.filter(({ stage }) => stage === 'encode')).toEqual([]);
  // another prompt; the negative one is known
  const third = await make(pipeline, { prompt: 'a green star', numInferenceSteps: 1 });
  expect(third.reports.filter(({ stage }) => stage === 'encode')).toHaveLength(1);
  // and back
  const again = await make(pipeline);
  expect(again.reports.filter(({ stage }) => stage === 'encode')).toEqual([]);
  expect(distance(again.video, first.video)).toBe(0);
  await pipeline.dispose();
});

test('low memory: the same video, from one network at a time', async () => {
  const ready = await onWasm(shipped);
  const expected = await make(ready);
  await ready.dispose();
  const pipeline = await TextToVideoPipeline.fromPretrained(shipped, { device: 'wasm', memory: 'low-memory' });
  const first = await make(pipeline);
  expect(first.loaded).toEqual(['text_encoder', 'unet', 'vae']);
  expect(distance(first.video, expected.video)).toBe(0);
  // the text encoder's result is known, the others have replaced each other
  const second = await make(pipeline);
  expect(second.loaded).toEqual(['unet', 'vae']);
  expect(distance(second.video, expected.video)).toBe(0);
  await pipeline.dispose();
});

test('NaN out of a network is named, and the pipeline goes on', async () => {
  const notANumber = () => Number.NaN;
  const spoilt = [
    ['text_encoder', 'text_model.final_layer_norm.bias', /text encoder's output.*NaN.*float32 already/],
    ['unet', 'conv_out.bias', /UNet's output at timestep \d+ .*NaN.*float32 already/],
    ['vae', 'decoder.conv_out.bias', /decoder's output for frame 1 .*NaN.*float32 already/],
  ] as const;
  for (const [component, tensor, message] of spoilt) {
    const pipeline = await onWasm(altered(shipped, component, tensor, notANumber));
    for (const _ of ['once', 'and again']) {
      const error = await errorOf(make(pipeline));
      expect([error.code, error.message]).toEqual(['numerics', expect.stringMatching(message)]);
    }
    await pipeline.dispose();
  }
});

test('WebGPU, low memory: a lost device is told, and the next video is right', async () => {
  const cpu = await onWasm(shipped);
  const expected = await make(cpu, { guidanceScale: 1 });
  await cpu.dispose();
  devices.length = 0;
  const pipeline = await TextToVideoPipeline.fromPretrained(shipped, {
    device: 'webgpu',
    dtype: 'float32',
    memory: 'low-memory',
  });
  const alive = new Set<GPUDevice>();
  let most = 0;
  const watch = () => {
    for (const device of devices.splice(0)) {
      alive.add(device);
      device.lost.then(() => alive.delete(device));
    }
    most = Math.max(most, alive.size);
  };
  const lost = make(pipeline, {
    guidanceScale: 1,
    onProgress: ({ stage, done }) => {
      watch();
      // in the middle of the second step's run
      if (stage === 'denoise' && done === 1) setTimeout(() => [...alive].at(-1)?.destroy(), 5);
    },
  });
  const error = await errorOf(lost);
  expect([error.code, error.message]).toEqual(['device-lost', expect.stringContaining('UNet3DConditionModel')]);

  const { video, loaded, loads } = await make(pipeline, { guidanceScale: 1, onProgress: watch });
  expect(loaded).toEqual(['unet', 'vae']);
  expect(distance(video, expected.video)).toBeLessThanOrEqual(2);
  // every announced byte was read
  for (const component of loaded) {
    const { done, total } = loads.filter(({ network }) => network?.component === component).at(-1) ?? {};
    expect(done).toBe(total);
    expect(done).toBeGreaterThan(1e5);
  }
  expect(most).toBe(1);
  await pipeline.dispose();
});

test('WebGPU, keep ready: devices that are lost between two videos are not used again', async () => {
  devices.length = 0;
  const pipeline = await TextToVideoPipeline.fromPretrained(shipped, { device: 'webgpu', dtype: 'float32' });
  expect(pipeline.memory).toBe('keep-ready');
  const options = { guidanceScale: 1, numInferenceSteps: 1, numFrames: 1 };
  const first = await make(pipeline, options);
  expect(devices).toHaveLength(3);
  for (const device of devices) device.destroy();
  await Promise.all(devices.map(({ lost }) => lost));

  const second = await make(pipeline, options);
  // the text encoder was not needed
  expect(second.loaded).toEqual(['unet', 'vae']);
  expect(distance(second.video, first.video)).toBe(0);
  const third = await make(pipeline, options);
  expect(third.loaded).toEqual([]);
  await pipeline.dispose();
});

test.runIf(adapter?.float16)('WebGPU float16: a VAE that overflows computes in float32 from then on', async () => {
  // activations of millions, which the norm after them reverses
  const large = (value: number) => value * 3000;
  const source = altered(
    altered(shipped, 'vae', 'decoder.conv_in.weight', large),
    'vae',
    'post_quant_conv.weight',
    large,
  );
  const cpu = await onWasm(source);
  const expected = await make(cpu);
  await cpu.dispose();
  const pipeline = await TextToVideoPipeline.fromPretrained(source, { device: 'webgpu', dtype: 'float16' });
  const first = await make(pipeline);
  expect(first.video.vaeDtype).toBe('float32');
  expect(first.loads.filter(({ network, done }) => network?.component === 'vae' && done === 0)).toHaveLength(2);
  // the latents are those of half precision
  expect(distance(first.video, expected.video)).toBeLessThanOrEqual(16);
  const second = await make(pipeline);
  expect(second.loaded).toEqual([]);
  expect(distance(second.video, first.video)).toBe(0);
  await pipeline.dispose();
});
