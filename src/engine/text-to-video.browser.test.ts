/** The whole pipeline on the checkpoint that ships, against diffusers: reference/generation/, written by training/references/generation.py. */
import { expect, test, vi } from 'vitest';
import { relativeRms, Safetensors } from '../../tests/reference';
import { openCheckpoint } from '../checkpoint';
import { CheckpointStore } from '../storage';
import { type GenerationParameters, TextToVideoPipeline } from '.';

// a software GPU on a busy machine is slow
vi.setConfig({ testTimeout: 600_000 });

const parameters: GenerationParameters = await fetch('/reference/generation/parameters.json').then((r) => r.json());
const reference = await Safetensors.fetch('/reference/generation/tensors.safetensors');

async function pipelineOn(device: 'wasm' | 'webgpu') {
  const url = new URL('/models/moving-shapes', location.href).href;
  const source = await openCheckpoint(url, { store: new CheckpointStore('pipeline-test') });
  return TextToVideoPipeline.fromPretrained(source, { device, dtype: 'float32' });
}

test('wasm: the video of a seed is that of diffusers, at 55 dB or better', async () => {
  const pipeline = await pipelineOn('wasm');
  const { frames, latents } = await pipeline.generate(parameters);
  await pipeline.dispose();
  const last = reference.floats(`latents.${parameters.numInferenceSteps - 1}`);
  expect(relativeRms(latents, last)).toBeLessThan(1e-3);

  const expected = reference.bytes('frames');
  const squares = frames.map((frame, f) => {
    let sum = 0;
    for (let i = 0; i < frame.length / 4; i++) {
      for (let colour = 0; colour < 3; colour++) {
        sum += ((frame[i * 4 + colour] ?? 0) - (expected[(f * frame.length * 3) / 4 + i * 3 + colour] ?? 0)) ** 2;
      }
    }
    return sum;
  });
  const mse = squares.reduce((a, b) => a + b, 0) / expected.length;
  const psnr = 10 * Math.log10(255 ** 2 / Math.max(mse, 1e-12));
  console.info(`wasm: latents ${relativeRms(latents, last).toExponential(2)}, PSNR ${psnr.toFixed(1)} dB`);
  expect(psnr).toBeGreaterThan(55);
});

test('WebGPU: two steps end where those of diffusers end', async () => {
  const pipeline = await pipelineOn('webgpu');
  const { latents, memory } = await pipeline.generate({ ...parameters, numInferenceSteps: 2 });
  await pipeline.dispose();
  const error = relativeRms(latents, reference.floats('short'));
  console.info(
    `WebGPU: latents ${error.toExponential(2)}, ${memory.dispatches} dispatches, ${memory.gpuBytesAtPeak} bytes`,
  );
  expect(error).toBeLessThan(1e-3);
});
