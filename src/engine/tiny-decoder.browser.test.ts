/**
 * A tiny decoder in place of the VAE, against diffusers: reference/decoder/ and reference/generation/, written by
 * training/references/decoder.py.
 */
import { expect, test, vi } from 'vitest';
import { altered } from '../../tests/altered-checkpoint';
import { errorOf } from '../../tests/errors';
import { collectDevices } from '../../tests/gpu-devices';
import { psnr, Safetensors } from '../../tests/reference';
import { openCheckpoint } from '../checkpoint';
import { CheckpointStore } from '../storage';
import {
  type CheckpointSource,
  type GenerationParameters,
  type LoadPipelineOptions,
  type Progress,
  type StepPreview,
  TextToVideoPipeline,
} from '.';

// a software GPU on a busy machine is slow
vi.setConfig({ testTimeout: 600_000 });

const devices = collectDevices();
const expected = await Safetensors.fetch('/reference/generation/decoder.safetensors');
const store = new CheckpointStore('pipeline-test');
const shipped = await openCheckpoint(new URL('/models/moving-shapes', location.href).href, { store });
const decoder = await openCheckpoint(new URL('/reference/decoder', location.href).href, { store, kind: 'decoder' });

/** `RUN` of training/references/generation.py. */
const parameters: GenerationParameters = {
  prompt: 'a red circle moving right on a blue background',
  negativePrompt: '',
  seed: 0,
  numInferenceSteps: 6,
  guidanceScale: 4,
  numFrames: 2,
  width: 64,
  height: 64,
  scheduler: 'DDIMScheduler',
};

/** The checkpoint, whose VAE must not be requested. */
const withoutVae: CheckpointSource = {
  id: shipped.id,
  text: (path, signal) => shipped.text(path, signal),
  optionalText: (path, signal) => shipped.optionalText(path, signal),
  tensors: (of, signal) =>
    of === 'vae' ? Promise.reject(new Error('The VAE was asked for.')) : shipped.tensors(of, signal),
  weights: (of, options) =>
    of === 'vae' ? Promise.reject(new Error('The VAE was asked for.')) : shipped.weights(of, options),
};

async function make(load: LoadPipelineOptions, change: Partial<GenerationParameters> = {}) {
  const pipeline = await TextToVideoPipeline.fromPretrained(withoutVae, { decoder, dtype: 'float32', ...load });
  const reports: Progress[] = [];
  const previews: StepPreview[] = [];
  const video = await pipeline.generate({
    ...{ ...parameters, ...change },
    onProgress: (progress) => reports.push(progress),
    onStep: (preview) => previews.push(preview),
  });
  await pipeline.dispose();
  const loads = reports.filter(({ stage, done }) => stage === 'load' && done === 0);
  return { video, previews, loaded: loads.map(({ network }) => network?.component) };
}

const colours = (pixels: Uint8ClampedArray) => [...pixels].filter((_, i) => i % 4 < 3);

/** Two steps without guidance. */
const short = { numInferenceSteps: 2, guidanceScale: 1 };

test.each([
  ['wasm', 'frames', {}],
  ['webgpu', 'short', short],
] as const)('%s: the video is that of diffusers with the same decoder', async (device, reference, change) => {
  const { video, previews, loaded } = await make({ device }, change);
  const quality = psnr(video.frames.flatMap(colours), expected.bytes(reference));
  console.info(`${device}: PSNR ${quality.toFixed(1)} dB`);
  expect(quality).toBeGreaterThan(50);
  expect(video.decoder).toBe(decoder.id);
  // it was loaded for the first preview, which reports no progress
  expect(loaded).toEqual(['text_encoder', 'unet']);
  const total = video.parameters.numInferenceSteps;
  expect(previews.map(({ step, total, width, height, frames }) => [step, total, width, height, frames])).toEqual(
    Array.from({ length: total }, (_, i) => [i + 1, total, 64, 64, 2]),
  );
  expect(new Set(previews.map(({ pixels }) => pixels.join())).size).toBe(total);
});

test('what is seen after the last step is the video, where the scheduler adds no noise to it', async () => {
  const { video, previews } = await make({ device: 'wasm' }, { ...short, scheduler: 'LCMScheduler' });
  expect([...(previews.at(-1)?.pixels ?? [])]).toEqual(video.frames.flatMap((frame) => [...frame]));
});

test('low memory: it stays beside the UNet, which is loaded once', async () => {
  const ready = await make({ device: 'wasm' });
  const { video, loaded } = await make({ device: 'wasm', memory: 'low-memory' });
  expect(loaded).toEqual(['text_encoder', 'unet']);
  expect(video.frames).toEqual(ready.video.frames);

  devices.length = 0;
  const alive = new Set<GPUDevice>();
  const pipeline = await TextToVideoPipeline.fromPretrained(withoutVae, {
    ...{ decoder, device: 'webgpu', dtype: 'float32', memory: 'low-memory' },
  });
  const most: number[] = [];
  await pipeline.generate({
    ...{ ...parameters, ...short, width: 32, height: 32, numFrames: 1 },
    onStep: () => {
      for (const device of devices.splice(0)) {
        alive.add(device);
        device.lost.then(() => alive.delete(device));
      }
      most.push(alive.size);
    },
  });
  await pipeline.dispose();
  // the text encoder's is freed, or being freed
  expect(most[0]).toBeGreaterThanOrEqual(2);
  expect(most[1]).toBe(2);
  expect(devices).toHaveLength(0);
});

test('NaN out of it is named', async () => {
  const spoilt = altered(decoder, 'decoder', 'decoder.layers.14.bias', () => Number.NaN);
  const error = await errorOf(make({ device: 'wasm', decoder: spoilt }));
  expect([error.code, error.message]).toEqual([
    'numerics',
    expect.stringMatching(/decoder's output for frame 1 .*NaN/),
  ]);
});
