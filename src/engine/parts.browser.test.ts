/** The denoising loop in parts: the programs of docs/engine.md exactly as printed, and things that `generate` does not do. */
import { expect, test, vi } from 'vitest';
import { errorOf } from '../../tests/errors';
import { openCheckpoint } from '../checkpoint';
import { CheckpointStore } from '../storage';
import { denoise, guided, initialLatents, TextToVideoPipeline, torchRandn } from '.';

// a software GPU on a busy machine is slow
vi.setConfig({ testTimeout: 600_000 });

const library = new URL('/src/entries/library.ts', location.href).href;
const model = new URL('/models/moving-shapes', location.href).href;
const text = await fetch('/docs/engine.md').then((response) => response.text());

/** Runs the first program of a chapter. */
async function run(chapter: string): Promise<{ frames: Uint8ClampedArray[] }> {
  const part = text.split(/^## /m).find((candidate) => candidate.startsWith(`${chapter}\n`));
  const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(part ?? '') ?? [];
  const placed = program.replace("'kinora'", `'${library}'`).replace('https://example.org/models/moving-shapes', model);
  expect(placed).toContain(library);
  expect(placed).toContain(model);
  const blob = new Blob([placed, 'export { frames };'], { type: 'text/javascript' });
  return import(/* @vite-ignore */ URL.createObjectURL(blob));
}

async function pipelineOn(memory: 'keep-ready' | 'low-memory') {
  const source = await openCheckpoint(model, { store: new CheckpointStore('pipeline-test') });
  return TextToVideoPipeline.fromPretrained(source, { device: 'wasm', memory });
}

const size = { numFrames: 2, width: 32, height: 32 };

test('docs/engine.md: the program of parts makes the video of `generate`', async () => {
  const { frames: expected } = await run('A video');
  const { frames } = await run('The parts');
  expect(frames).toHaveLength(8);
  expect(frames).toEqual(expected);
  // not a still of one colour
  expect(new Set(frames.map((frame) => frame.join())).size).toBeGreaterThan(1);
});

test.each(['keep-ready', 'low-memory'] as const)(
  '%s: parts that are asked all at once, beside a generation, get what they get alone',
  async (memory) => {
    const pipeline = await pipelineOn(memory);
    const { parts } = pipeline;
    const shape = parts.latentShape(size);
    const noise = initialLatents(shape, torchRandn(1), 1);
    const onePrompt = async (prompt: string) => {
      const prompts = await parts.promptEncoder.encode([prompt, '']);
      const denoiser = guided(await parts.denoiser(shape, prompts), 4);
      const latents = await denoise(noise, denoiser, parts.scheduler(2, 'DDIMScheduler'));
      return parts.frameDecoder.decode(latents, shape);
    };
    const texts = ['a red circle', 'a green star'];
    const alone = [await onePrompt('a red circle'), await onePrompt('a green star')];
    const generate = () =>
      pipeline.generate({
        ...{ prompt: 'a blue square', negativePrompt: '', seed: 0, numInferenceSteps: 2, guidanceScale: 4 },
        ...{ ...size, scheduler: 'DDIMScheduler' },
      });
    const expected = await generate();
    const [video, ...together] = await Promise.all([generate(), ...texts.map(onePrompt)]);
    expect(together).toEqual(alone);
    expect(video.frames).toEqual(expected.frames);
    await pipeline.dispose();
  },
);

test('what does not fit is refused, and what is cancelled ends', async () => {
  const pipeline = await pipelineOn('keep-ready');
  const { parts } = pipeline;
  expect(() => parts.latentShape({ numFrames: 2, width: 36, height: 32 })).toThrow(/36×32 pixels.*multiples of 16/);
  const shape = parts.latentShape(size);
  const prompts = await parts.promptEncoder.encode(['a red circle']);
  const denoiser = await parts.denoiser(shape, prompts);
  const short = await errorOf(denoiser(new Float32Array(7), 1));
  expect([short.code, short.message]).toEqual([
    'invalid-argument',
    expect.stringMatching(/as sample, which has 7 values/),
  ]);
  const signal = AbortSignal.abort();
  const noise = initialLatents(shape, torchRandn(1), 1);
  expect((await errorOf(parts.frameDecoder.decode(noise, shape, { signal }))).code).toBe('cancelled');
  // and works afterwards
  expect(await parts.frameDecoder.decode(noise, shape)).toHaveLength(2);
  await pipeline.dispose();
});
