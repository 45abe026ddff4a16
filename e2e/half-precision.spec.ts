/**
 * WebGPU with shader-f16, which SwiftShader lacks: `npm run test:f16` makes a Chromium that has it, or uses the one that
 * KINORA_CHROMIUM_F16 names.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium, expect, test } from '@playwright/test';
import { webgpuArgs } from '../scripts/chromium.mjs';
import { relativeRms } from '../tests/reference';
import { fillForm, generateButton, prompt, setSize, waitForVideo } from './visitor';

const browserPath = process.env.KINORA_CHROMIUM_F16;
test.skip(!browserPath, 'KINORA_CHROMIUM_F16 names no browser');

test('the page makes a video in half precision', async ({ baseURL }) => {
  test.slow();
  const browser = await chromium.launch({ executablePath: browserPath, args: webgpuArgs });
  const page = await browser.newPage();
  await page.goto(`${baseURL}/?device=webgpu`);
  await fillForm(page, 2);
  // the same as in the next test, which then finds its shaders compiled
  await setSize(page, { frames: 2, width: 128, height: 128 });
  await generateButton(page).click();
  await waitForVideo(page);
  await expect(page.getByText(/^[\d.]+ s on a software adapter .*float16/)).toBeVisible();
  await browser.close();
});

test('its latents are those of single precision, as far as half precision goes', async () => {
  test.slow();
  const latents = async (name: string, ...device: string[]) => {
    const file = test.info().outputPath(`${name}.npy`);
    const args = ['--prompt', prompt, '--seed', '7', '--steps', '2', '--frames', '2', '--latents', file, ...device];
    const cli = path.resolve(import.meta.dirname, '../cli/generate.ts');
    const tsx = path.resolve(import.meta.dirname, '../node_modules/tsx/dist/cli.mjs');
    await promisify(execFile)(process.execPath, [tsx, cli, ...args]);
    const bytes = readFileSync(file);
    // .npy 1.0: the header's length is the 16-bit number at byte 8
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8)));
  };
  const half = await latents('half', '--device', 'webgpu', '--dtype', 'f16', '--browser', browserPath ?? '');
  const single = await latents('single', '--device', 'wasm');
  expect(half.length).toBe(8 * 2 * 8 * 8);
  expect(relativeRms(half, single)).toBeLessThan(2e-2);
});
