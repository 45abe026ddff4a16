/** The library build (`npm run build:library` comes first) in a page without a bundler, behind a plain static server. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { probeVideo } from '../tests/server/ffmpeg';
import { startPlainHost } from './plain-host';

test('the bare page of the examples makes a video', async ({ page }) => {
  const host = await startPlainHost(path.resolve(import.meta.dirname, '..'));
  try {
    await page.goto(`${host.home}examples/bare-page/index.html?device=wasm`);
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
    expect(await probeVideo(file)).toMatchObject({
      width: 128,
      height: 128,
      nb_read_frames: 8,
      avg_frame_rate: '8/1',
    });
    // it plays there, too
    await page.getByLabel('The video').evaluate((video: HTMLVideoElement) => video.play());
  } finally {
    host.close();
  }
});
