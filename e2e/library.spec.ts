/**
 * The library build (`npm run build:library` comes first) behind a plain static server: without a bundler, and as an installed
 * package through Vite.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { build } from 'vite';
import { z } from 'zod';
import { probeVideo } from '../tests/server/ffmpeg';
import { startPlainHost } from './plain-host';

const root = path.resolve(import.meta.dirname, '..');
const example = path.join(root, 'examples/bare-page');
/** What `npm pack --json` says. */
const packedSchema = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

test('the bare page of the examples makes a video', async ({ page }) => {
  const host = await startPlainHost(root);
  try {
    await makeVideo(page, `${host.home}examples/bare-page/index.html`);
  } finally {
    host.close();
  }
});

test('packed, installed into an empty project, and built by Vite, the same page makes one', async ({ page }) => {
  const project = test.info().outputPath('project');
  mkdirSync(project);
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: project, encoding: 'utf8' });
  const packed: unknown = JSON.parse(npm('pack', '--json', path.join(root, 'dist-library')));
  const [{ filename, files }] = packedSchema.parse(packed);
  expect(
    files
      .map((file) => file.path)
      .filter((name) => !name.startsWith('types/'))
      .sort(),
  ).toEqual(['LICENSE', 'README.md', 'kinora.js', 'kinora.js.map', 'package.json']);
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  npm('install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`);
  // what the package says of its types is there, and a type of it is more than any
  const user = `import type { GenerateOptions } from 'kinora';\nexport const given: GenerateOptions = { prompt: 1 };\n`;
  writeFileSync(path.join(project, 'user.ts'), user);
  const options = '--ignoreConfig --pretty false --noEmit --skipLibCheck --target es2023 --module esnext';
  const tsc = [path.join(root, 'node_modules/typescript/bin/tsc'), ...options.split(' '), 'user.ts'];
  const { stdout } = spawnSync(process.execPath, tsc, { cwd: project, encoding: 'utf8' });
  expect(stdout.match(/error TS\d+: .*/g)).toEqual(["error TS2322: Type 'number' is not assignable to type 'string'."]);

  const html = readFileSync(path.join(example, 'index.html'), 'utf8').replace(
    /<script type="importmap">.*?<\/script>/s,
    '',
  );
  writeFileSync(path.join(project, 'index.html'), html);
  const script = readFileSync(path.join(example, 'main.js'), 'utf8')
    .replace('../../dist-library/kinora.js', 'kinora')
    .replace("new URL('../../public/models/moving-shapes', import.meta.url)", "new URL('model', location.href)");
  writeFileSync(path.join(project, 'main.js'), script);
  cpSync(path.join(root, 'public/models/moving-shapes'), path.join(project, 'public/model'), { recursive: true });
  await build({ root: project, configFile: false, base: './', logLevel: 'warn' });
  const host = await startPlainHost(path.join(project, 'dist'));
  try {
    await makeVideo(page, `${host.home}index.html`);
  } finally {
    host.close();
  }
});

async function makeVideo(page: Page, address: string): Promise<void> {
  await page.goto(`${address}?device=wasm`);
  await page.getByLabel('Steps').fill('2');
  await page.getByRole('button', { name: 'Generate' }).click();
  await expect(page.locator('output')).toHaveText(/^(done|[a-z-]+: .*)$/, { timeout: 240_000 });
  await expect(page.locator('output')).toHaveText('done');
  const base64 = await page.getByLabel('The video').evaluate(async (video: HTMLVideoElement) => {
    const answer = await fetch(video.src);
    return btoa(String.fromCharCode(...new Uint8Array(await answer.arrayBuffer())));
  });
  const file = test.info().outputPath('video.mp4');
  writeFileSync(file, Buffer.from(base64, 'base64'));
  expect(await probeVideo(file)).toMatchObject({ width: 128, height: 128, nb_read_frames: 8, avg_frame_rate: '8/1' });
  // it plays there, too
  await page.getByLabel('The video').evaluate((video: HTMLVideoElement) => video.play());
}
