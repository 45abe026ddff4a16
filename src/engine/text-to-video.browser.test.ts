/**
 * The whole pipeline with the shipped checkpoint, against diffusers: reference/generation/, written by
 * training/references/generation.py.
 */
import { expect, test, vi } from 'vitest';
import { withText } from '../../tests/altered-checkpoint';
import { psnr, relativeRms, Safetensors } from '../../tests/reference';
import { openCheckpoint } from '../checkpoint';
import { CheckpointStore } from '../storage';
import { type GenerationParameters, type ParameterValues, TextToVideoPipeline } from '.';

// a software GPU on a busy machine is slow
vi.setConfig({ testTimeout: 600_000 });

const parameters: ParameterValues = await fetch('/reference/generation/parameters.json').then((r) => r.json());
const reference = await Safetensors.fetch('/reference/generation/tensors.safetensors');
/** A short run of each scheduler, and scheduler_config.json as diffusers saved it. */
const schedulerRuns: { parameters: GenerationParameters; config: string }[] = await fetch(
  '/reference/generation/schedulers.json',
).then((r) => r.json());
const schedulerReference = await Safetensors.fetch('/reference/generation/schedulers.safetensors');

async function shipped() {
  const url = new URL('/models/moving-shapes', location.href).href;
  return openCheckpoint(url, { store: new CheckpointStore('pipeline-test') });
}

async function pipelineOn(device: 'wasm' | 'webgpu') {
  return TextToVideoPipeline.fromPretrained(await shipped(), { device, dtype: 'float32' });
}

/** RGB of all frames. */
function coloursOf(frames: Uint8ClampedArray[]): number[] {
  return frames.flatMap((frame) => [...frame].filter((_, i) => i % 4 < 3));
}

test('wasm: the video of a seed is that of diffusers, at 55 dB or better', async () => {
  const pipeline = await pipelineOn('wasm');
  const { frames, latents } = await pipeline.generate(parameters);
  await pipeline.dispose();
  const last = reference.floats(`latents.${parameters.numInferenceSteps - 1}`);
  expect(relativeRms(latents, last)).toBeLessThan(1e-3);

  const quality = psnr(coloursOf(frames), reference.bytes('frames'));
  console.info(`wasm: latents ${relativeRms(latents, last).toExponential(2)}, PSNR ${quality.toFixed(1)} dB`);
  expect(quality).toBeGreaterThan(55);
});

test.each(schedulerRuns.map((run, i) => ({ ...run, i, number: i + 1, name: run.parameters.scheduler })))(
  'wasm: $name (run $number) from the config that diffusers saves makes its video, at 50 dB or better',
  async (run) => {
    const source = withText(await shipped(), 'scheduler/scheduler_config.json', run.config);
    const pipeline = await TextToVideoPipeline.fromPretrained(source, { device: 'wasm', dtype: 'float32' });
    expect(pipeline.info.scheduler).toBe(run.name);
    const { frames, latents } = await pipeline.generate(run.parameters);
    await pipeline.dispose();
    const error = relativeRms(latents, schedulerReference.floats(`latents.${run.i}`));
    const quality = psnr(coloursOf(frames), schedulerReference.bytes(`frames.${run.i}`));
    console.info(`${run.name}: latents ${error.toExponential(2)}, PSNR ${quality.toFixed(1)} dB`);
    expect(error).toBeLessThan(1e-3);
    expect(quality).toBeGreaterThan(50);
  },
);

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
