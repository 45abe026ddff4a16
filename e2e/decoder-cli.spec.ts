/** `npm run generate -- --decoder`, against diffusers with the same AutoencoderTiny as vae: training/references/decoder.py. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { psnr, Safetensors } from '../tests/reference';
import { decodeVideo, probeVideo } from '../tests/server/ffmpeg';
import { startHub } from '../tests/server/hub';
import { folderFiles } from '../tests/server/hub-files';
import { generateIn } from './command-line';

const root = path.resolve(import.meta.dirname, '..');
const decoder = path.join(root, 'reference/decoder');
const expected = Safetensors.from(
  new Uint8Array(readFileSync(path.join(root, 'reference/generation/decoder.safetensors'))).buffer,
);
const run = [
  ...['--prompt', 'a red circle moving right on a blue background', '--seed', '0', '--frames', '2'],
  ...['--width', '64', '--height', '64', '--dtype', 'f32'],
];
const short = ['--steps', '2', '--guidance', '1'];

let folder: string;
test.beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kinora-decoder-'));
});
test.afterEach(() => rmSync(folder, { recursive: true }));

const decoded = (frames: string) => decodeVideo(path.join(folder, frames, '%03d.png'));

test('the video is that of diffusers, from a folder and from a hub', async () => {
  const hub = await startHub(folderFiles(decoder));
  try {
    // the second of the hub's is made without a word to it
    const lines = [decoder, hub.url, hub.url].map((where, i) =>
      JSON.stringify({ decoder: where, out: `${i}.mp4`, png: String(i) }),
    );
    writeFileSync(path.join(folder, 'batch.jsonl'), lines.join('\n'));
    const { code, stderr } = await generateIn(
      ...[folder, ...run, '--steps', '6', '--guidance', '4', '--scheduler', 'ddim', '--device', 'wasm'],
      ...['--batch', 'batch.jsonl', '--report', 'report.json', '--profile', 'profile'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const i of [0, 1, 2]) expect(psnr(await decoded(String(i)), expected.bytes('frames'))).toBeGreaterThan(50);
    expect(hub.sentBytes).toBeLessThanOrEqual(2 * hub.weightBytes);
    const { videos } = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
    expect(videos.map((video: { decoder: string }) => video.decoder)).toEqual([
      expect.stringContaining('/reference/decoder/'),
      hub.url,
      hub.url,
    ]);
    const { comment } = await probeVideo(path.join(folder, '1.mp4'));
    expect(JSON.parse(comment ?? '')).toMatchObject({ decoder: hub.url });
  } finally {
    hub.stop();
  }
});

test('WebGPU: the video is that of diffusers', async () => {
  const args = [...run, ...short, '--scheduler', 'ddim', '--device', 'webgpu', '--decoder', decoder, '--png', 'gpu'];
  const { code, stderr } = await generateIn(folder, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(psnr(await decoded('gpu'), expected.bytes('short'))).toBeGreaterThan(50);
});

test('what cannot be used as a decoder is refused, and stops no other line', async () => {
  const config = JSON.parse(readFileSync(path.join(decoder, 'config.json'), 'utf8'));
  const folders = {
    'other-latents': { ...config, latent_channels: 4 },
    'other-class': { ...config, _class_name: 'AutoencoderKL' },
    'other-layers': { ...config, num_decoder_blocks: [1, 1, 1, 1, 1] },
    'no-weights': config,
    'no-config': undefined,
  };
  for (const [name, json] of Object.entries(folders)) {
    cpSync(decoder, path.join(folder, name), { recursive: true });
    rmSync(path.join(folder, name, 'config.json'));
    if (json) writeFileSync(path.join(folder, name, 'config.json'), JSON.stringify(json));
  }
  rmSync(path.join(folder, 'no-weights/diffusion_pytorch_model.safetensors'));
  mkdirSync(path.join(folder, 'empty'));
  const names = [...Object.keys(folders), 'empty', path.join(root, 'public/models/moving-shapes'), decoder];
  const lines = names.map((where, i) => JSON.stringify({ decoder: where, png: `out/${i}` }));
  writeFileSync(path.join(folder, 'batch.jsonl'), lines.join('\n'));
  const { code, stderr } = await generateIn(folder, ...run, ...short, '--device', 'wasm', '--batch', 'batch.jsonl');
  expect(code).toBe(1);
  for (const [i, message] of [
    /invalid-checkpoint: decoder latent_channels is 4, but that of the model is 8/,
    /invalid-checkpoint: config\.json is of the class AutoencoderKL/,
    /invalid-checkpoint: The tensors of decoder do not fit its config\.json/,
    /not-found: There is neither .*diffusion_pytorch_model\.bin/,
    /no-config is not a decoder: it has no config\.json/,
    /empty is not a decoder/,
    /moving-shapes is not a decoder/,
  ].entries()) {
    expect(stderr).toMatch(new RegExp(`^batch\\.jsonl:${i + 1}: .*${message.source}`, 'm'));
  }
  expect(readdirSync(path.join(folder, 'out'))).toEqual([String(names.length - 1)]);
});
