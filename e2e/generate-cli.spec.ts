import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import type { GenerationParameters } from '../src/engine';
import { parameters as rows } from '../src/engine/parameters';
import { schedulerNames } from '../src/engine/schedulers/descriptions';
import { psnr, Safetensors } from '../tests/reference';
import { decodeVideo, probeVideo } from '../tests/server/ffmpeg';
import { generateIn } from './command-line';

const root = path.resolve(import.meta.dirname, '..');
const model = path.join(root, 'public/models/moving-shapes');
const prompt = 'a red circle moving right on a blue background';
/** Two steps show nothing that a person would recognise, but take every path. */
const quick = ['--steps', '2', '--frames', '2', '--device', 'wasm'];

const flags: Record<string, string> = Object.fromEntries(Object.entries(rows).map(([name, { flag }]) => [name, flag]));

let folder: string;
test.beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kinora-cli-'));
});
test.afterEach(() => rmSync(folder, { recursive: true }));

const generate = (...args: string[]) => generateIn(folder, ...args);

/** Frames as RGB, put together from PNGs by ffmpeg. */
const decodeFrames = (pattern: string) => decodeVideo(path.join(folder, pattern));

test('writes the video, its frames, its latents and a report', async () => {
  const args = ['--prompt', prompt, '--seed', '7', '--fps', '6', ...quick];
  const outputs = ['--out', 'red.mp4', '--png', 'frames', '--latents', 'red.npy', '--report', 'red.json'];
  const { code, stdout, stderr } = await generate(...args, ...outputs);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('seed 7');
  expect(readdirSync(folder).sort()).toEqual(['frames', 'red.json', 'red.mp4', 'red.npy']);
  expect(readdirSync(path.join(folder, 'frames')).sort()).toEqual(['000.png', '001.png']);

  const facts = await probeVideo(path.join(folder, 'red.mp4'));
  expect(facts).toMatchObject({ width: 128, height: 128, nb_read_frames: 2, avg_frame_rate: '6/1' });
  const [shown, exact] = [await decodeFrames('red.mp4'), await decodeFrames('frames/%03d.png')];
  expect(shown.length).toBe(2 * 128 * 128 * 3);
  expect(exact.length).toBe(shown.length);
  // in brightness: colour is stored at half the resolution
  const brightness = (rgb: Buffer, at: number) =>
    0.299 * (rgb[at] ?? 0) + 0.587 * (rgb[at + 1] ?? 0) + 0.114 * (rgb[at + 2] ?? 0);
  let error = 0;
  for (let at = 0; at < exact.length; at += 3) error += Math.abs(brightness(shown, at) - brightness(exact, at));
  expect((error * 3) / exact.length).toBeLessThan(4);

  const latents = readFileSync(path.join(folder, 'red.npy'));
  expect(latents.toString('latin1', 0, 80)).toMatch(/^\x93NUMPY.*'<f4'.*\(1, 8, 2, 8, 8\)/s);

  const report = JSON.parse(readFileSync(path.join(folder, 'red.json'), 'utf8'));
  expect(report.videos).toHaveLength(1);
  expect(report.videos[0]).toMatchObject({
    files: { out: 'red.mp4', png: 'frames', latents: 'red.npy' },
    parameters: { prompt, negativePrompt: '', seed: 7, numInferenceSteps: 2, numFrames: 2, width: 128, height: 128 },
    fps: 6,
    backend: { device: 'wasm', dtype: 'float32' },
    truncatedTokens: { prompt: 0, negativePrompt: 0 },
    dispatches: 0,
    gpuBytesAtPeak: 0,
  });
  const { milliseconds, jsHeapBytesAtPeak, arrayBufferBytesAtPeak } = report.videos[0];
  for (const stage of ['open', 'load', 'encode', 'denoise', 'decode', 'mp4', 'total']) {
    expect(milliseconds[stage], stage).toBeGreaterThan(0);
  }
  expect(jsHeapBytesAtPeak).toBeGreaterThan(1e6);
  // the worker's too: the wasm heap holds the weights
  expect(arrayBufferBytesAtPeak).toBeGreaterThan(10e6);
});

test('the same seed gives the same video, from a folder too', async () => {
  cpSync(model, path.join(folder, 'a model'), { recursive: true });
  const lines = [
    { out: 'a.mp4', png: 'a' },
    { out: 'b.mp4', png: 'b', model: 'a model' },
    { out: 'c.mp4', png: 'c', seed: 8 },
  ];
  writeFileSync(path.join(folder, 'batch.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  // a folder is not known to want the shipped model's guidance
  const same = ['--prompt', prompt, '--seed', '7', '--guidance', '4', ...quick];
  const { code, stderr } = await generate('--batch', 'batch.jsonl', ...same);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => readFileSync(path.join(folder, name, '001.png')));
  expect(b).toEqual(a);
  expect(c).not.toEqual(a);
});

test('every scheduler makes the video that diffusers makes', async () => {
  const read = (name: string) => readFileSync(path.join(root, 'reference/generation', name));
  const runs: { parameters: GenerationParameters; options: object }[] = JSON.parse(String(read('schedulers.json')));
  const expected = Safetensors.from(new Uint8Array(read('schedulers.safetensors')).buffer);
  // others have options that no command line sets
  const plain = runs.flatMap((run, i) => (Object.keys(run.options).length === 0 ? [{ ...run, i }] : []));
  expect(new Set(plain.map(({ parameters }) => parameters.scheduler)).size).toBe(schedulerNames.length);
  const lines = plain.map(({ parameters, i }) => {
    const options = Object.entries(parameters).map(([name, value]) => [flags[name], value]);
    return { ...Object.fromEntries(options), out: `${i}.mp4`, png: String(i) };
  });
  writeFileSync(path.join(folder, 'batch.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const { code, stderr } = await generate('--batch', 'batch.jsonl', '--device', 'wasm', '--dtype', 'f32');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const { parameters, i } of plain) {
    const quality = psnr(await decodeFrames(`${i}/%03d.png`), expected.bytes(`frames.${i}`));
    expect(quality, parameters.scheduler).toBeGreaterThan(50);
    const { comment } = await probeVideo(path.join(folder, `${i}.mp4`));
    expect(JSON.parse(comment ?? '')).toMatchObject({ ...parameters });
  }
  // from the command line itself, by how its name begins
  const args = ['--prompt', prompt, '--seed', '0', '--steps', '6', '--guidance', '4', '--frames', '2'];
  const size = ['--width', '64', '--height', '64', '--device', 'wasm'];
  const { code: ended } = await generate(...args, ...size, '--scheduler', 'ddim', '--eta', '0.5', '--png', 'eta');
  expect(ended).toBe(0);
  const withEta = plain.find(({ parameters }) => parameters.eta === 0.5)?.i;
  expect(psnr(await decodeFrames('eta/%03d.png'), expected.bytes(`frames.${withEta}`))).toBeGreaterThan(50);
});

test('runs on WebGPU', async () => {
  const { code, stderr } = await generate(
    ...['--prompt', prompt, '--steps', '1', '--frames', '1', '--guidance', '1', '--device', 'webgpu'],
    ...['--out', 'gpu.mp4', '--report', 'gpu.json'],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect((await probeVideo(path.join(folder, 'gpu.mp4'))).nb_read_frames).toBe(1);
  const [video] = JSON.parse(readFileSync(path.join(folder, 'gpu.json'), 'utf8')).videos;
  expect(video.backend.device).toBe('webgpu');
  expect(video.dispatches).toBeGreaterThan(100);
  expect(video.gpuBytesAtPeak).toBeGreaterThan(1e6);
});

test('a failing line of a batch stops no other', async () => {
  const lines = ['{"prompt": "a", "out": "a.mp4", "model": "nowhere"}', 'nonsense', '{"prompt": "c", "out": "c.mp4"}'];
  writeFileSync(path.join(folder, 'batch.jsonl'), lines.join('\n'));
  const { code, stderr } = await generate('--batch', 'batch.jsonl', '--report', 'report.json', ...quick);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^batch\.jsonl:2: This is not valid JSON/m);
  expect(stderr).toMatch(/^batch\.jsonl:1: .*nowhere is not a diffusers model/m);
  expect(readdirSync(folder).sort()).toEqual(['batch.jsonl', 'c.mp4', 'report.json']);
  const { videos } = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
  expect(videos.map((video: object) => 'error' in video)).toEqual([true, true, false]);
});

test.describe('errors go to stderr and leave no file', () => {
  const good = ['--prompt', prompt, '--out', 'red.mp4', '--report', 'red.json', ...quick];

  for (const [name, args, message] of [
    ['an unknown option', ['--promt', 'x'], /--promt/],
    ['a value out of range', ['--steps', '0'], /--steps/],
    ['a browser that is not there', ['--browser', '/nowhere/chromium'], /nowhere\/chromium/],
    ['a size that no model makes', ['--width', '100'], /--width: must be a multiple of 8/],
    ['a size that the model cannot make', ['--width', '104'], /^invalid-argument: width must be a multiple of 16/],
  ] as const) {
    test(name, async () => {
      const { code, stdout, stderr } = await generate(...good, ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(readdirSync(folder)).toEqual([]);
    });
  }

  test('models that cannot be read', async () => {
    cpSync(model, path.join(folder, 'model'), { recursive: true });
    const unet = readdirSync(path.join(folder, 'model/unet')).find((file) => file.endsWith('.safetensors')) ?? '';
    const file = path.join(folder, 'model/unet', unet);
    writeFileSync(file, readFileSync(file).subarray(0, 100_000));
    const models = ['model', 'http://127.0.0.1:9/model', `${test.info().project.use.baseURL}/models/none`];
    const lines = models.map((where, i) => JSON.stringify({ model: where, out: `${i}.mp4` }));
    writeFileSync(path.join(folder, 'batch.jsonl'), lines.join('\n'));
    const { code, stderr } = await generate(...good, '--batch', 'batch.jsonl', '--profile', 'profile');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^batch\.jsonl:1: (truncated|invalid-checkpoint): .*\.safetensors/m);
    expect(stderr).toMatch(/^batch\.jsonl:2: network: .*model_index\.json/m);
    expect(stderr).toMatch(/^batch\.jsonl:3: (not-found|network|html-answer): .*model_index\.json/m);
    expect(readdirSync(folder).sort()).toEqual(['batch.jsonl', 'model', 'profile']);
  });
});
