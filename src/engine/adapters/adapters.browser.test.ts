/** Videos with LoRA adapters, against diffusers and peft: reference/adapters/, written by training/references/adapters.py. */
import { expect, test, vi } from 'vitest';
import { withNetwork } from '../../../tests/altered-checkpoint';
import { psnr, relativeRms, Safetensors } from '../../../tests/reference';
import { openAdapter, openCheckpoint } from '../../checkpoint';
import { CheckpointStore } from '../../storage';
import { type AdapterRequest, type CheckpointSource, type GenerationParameters, TextToVideoPipeline } from '..';

// a software GPU on a busy machine is slow
vi.setConfig({ testTimeout: 600_000 });

const runs: { adapters: [string, number][]; parameters: GenerationParameters }[] = await fetch(
  '/reference/adapters/runs.json',
).then((response) => response.json());
const reference = await Safetensors.fetch('/reference/adapters/tensors.safetensors');

/** The shipped checkpoint with a UNet that is smaller and random. */
async function checkpoint(): Promise<CheckpointSource> {
  const folder = '/reference/networks/unet-small';
  const config = await fetch(`${folder}/config.json`).then((response) => response.text());
  const { weights } = await Safetensors.fetch(`${folder}/weights.safetensors`);
  const shipped = await openCheckpoint(new URL('/models/moving-shapes', location.href).href, {
    store: new CheckpointStore('adapters-test'),
  });
  return withNetwork(shipped, 'unet', { config, weights });
}

async function requests(adapters: readonly (readonly [string, number])[]): Promise<AdapterRequest[]> {
  const open = async ([name, scale]: readonly [string, number]) => ({
    source: await openAdapter(new URL(`/reference/adapters/${name}`, location.href).href),
    scale,
  });
  return Promise.all(adapters.map(open));
}

async function pipelineWith(device: 'wasm' | 'webgpu', adapters: readonly (readonly [string, number])[]) {
  return TextToVideoPipeline.fromPretrained(await checkpoint(), {
    ...{ device, dtype: 'float32' },
    adapters: await requests(adapters),
  });
}

async function compare(pipeline: TextToVideoPipeline, run: number) {
  const { frames, latents, adapters, memory } = await pipeline.generate(runs[run]?.parameters as GenerationParameters);
  const error = relativeRms(latents, reference.floats(`latents.${run}`));
  const pixels = frames.flatMap((frame) => [...frame].filter((_, i) => i % 4 < 3));
  const quality = psnr(pixels, reference.bytes(`frames.${run}`));
  console.info(
    `run ${run} on ${pipeline.backend.device}: latents ${error.toExponential(2)}, PSNR ${quality.toFixed(1)} dB, ${memory.dispatches} dispatches`,
  );
  return { error, quality, adapters };
}

async function expectReference(pipeline: TextToVideoPipeline, run: number) {
  const { error, quality, adapters } = await compare(pipeline, run);
  expect(error).toBeLessThan(1e-3);
  expect(quality).toBeGreaterThan(50);
  return adapters;
}

test.each(runs.map(({ adapters, parameters }, run) => ({ adapters, run, scheduler: parameters.scheduler })))(
  'wasm: run $run, $scheduler with $adapters, makes the video of diffusers and peft',
  async ({ adapters, run }) => {
    const pipeline = await pipelineWith('wasm', adapters);
    const used = await expectReference(pipeline, run);
    expect(used.map(({ scale }) => scale)).toEqual(adapters.map(([, scale]) => scale));
    await pipeline.dispose();
  },
);

test.each(['pytorch_lora_weights.safetensors', '', 'kohya.safetensors'])(
  'wasm: %s says the same in one file',
  async (name) => {
    const pipeline = await pipelineWith('wasm', [[name, 1]]);
    await expectReference(pipeline, 1);
    await pipeline.dispose();
  },
);

test('wasm: adapters of the same modules add up', async () => {
  const parts = [0.5, 0.75, -0.25].map((scale) => ['unet', scale] as const);
  const pipeline = await pipelineWith('wasm', [...parts, ['text_encoder', 1]]);
  await expectReference(pipeline, 1);
  await pipeline.dispose();
});

test('wasm: other scales need no other download, and 0 is none', async () => {
  const adapters = runs[2]?.adapters ?? [];
  const pipeline = await pipelineWith('wasm', adapters);
  await expectReference(pipeline, 2);
  pipeline.setAdapters([1, 1]);
  await expectReference(pipeline, 1);
  pipeline.setAdapters([0, 0]);
  await expectReference(pipeline, 0);
  // so the comparisons above tell adapters apart
  const { quality } = await compare(pipeline, 1);
  expect(quality).toBeLessThan(30);
  expect(() => pipeline.setAdapters([1])).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  expect(() => pipeline.setAdapters([1, Number.NaN])).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  await pipeline.dispose();
});

test.each([3])('WebGPU: run %i makes the video of diffusers and peft', async (run) => {
  const pipeline = await pipelineWith('webgpu', runs[run]?.adapters ?? []);
  await expectReference(pipeline, run);
  await pipeline.dispose();
});

test('an adapter of another network is refused before weights are fetched, with the first tensor that does not fit', async () => {
  const adapters = await requests([['unet', 1]]);
  const shipped = await openCheckpoint(new URL('/models/moving-shapes', location.href).href, {
    store: new CheckpointStore('adapters-test'),
  });
  const weights = vi.spyOn(shipped, 'weights');
  const options = { device: 'wasm', dtype: 'float32', adapters } as const;
  await expect(TextToVideoPipeline.fromPretrained(shipped, options)).rejects.toMatchObject({
    code: 'invalid-checkpoint',
    message: expect.stringMatching(
      /adapter_model\.safetensors does not fit this model: tensor base_model\.model\.conv_in\.lora_B\.weight is \[8,3,1,1\], where unet's conv_in with its weight \[48,8,3,3\] needs \[48,3\]/,
    ),
  });
  expect(weights).not.toHaveBeenCalled();
});
