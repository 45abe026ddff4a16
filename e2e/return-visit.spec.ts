/** With a profile on disk, like a visitor's: the browser is closed and opened again in between. */
import path from 'node:path';
import { type BrowserContext, chromium, expect, type Page, test } from '@playwright/test';
import { chromiumPath, webgpuArgs } from '../scripts/chromium.mjs';
import { decodeVideo } from '../tests/server/ffmpeg';
import { generateButton, openPage, theVideo, waitForVideo } from './visitor';

const size = 128;

/** RGB of the first frame as shown on the page, [height, width, 3]. */
function shownFrame(page: Page): Promise<number[]> {
  return theVideo(page).evaluate(async (video: HTMLVideoElement) => {
    video.pause();
    const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    video.currentTime = 0.01;
    await shown;
    const context = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext('2d');
    context?.drawImage(video, 0, 0);
    const pixels = context?.getImageData(0, 0, video.videoWidth, video.videoHeight).data ?? [];
    return [...pixels].filter((_, i) => i % 4 !== 3);
  });
}

async function saveVideo(page: Page, file: string): Promise<Buffer> {
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download .mp4' }).click();
  await (await downloading).saveAs(file);
  return decodeVideo(file);
}

test('the file holds what was shown; the next visit makes the same video without the model’s server', async ({
  baseURL,
}, info) => {
  const visit = async (work: (context: BrowserContext, page: Page) => Promise<Buffer>) => {
    const context = await chromium.launchPersistentContext(info.outputPath('profile'), {
      executablePath: chromiumPath(),
      args: webgpuArgs,
      baseURL,
    });
    const result = await work(context, await context.newPage());
    await context.close();
    return result;
  };

  const first = await visit(async (_context, page) => {
    await openPage(page, 3);
    await generateButton(page).click();
    await waitForVideo(page);
    const shown = await shownFrame(page);
    const frames = await saveVideo(page, path.join(info.outputDir, 'first.mp4'));
    const frame = frames.subarray(0, size * size * 3);
    expect(shown).toHaveLength(frame.length);
    const meanError = shown.reduce((sum, value, i) => sum + Math.abs(value - (frame[i] ?? 0)), 0) / shown.length;
    expect(meanError).toBeLessThan(3);
    return frames;
  });

  const second = await visit(async (context, page) => {
    const requests: string[] = [];
    await context.route(/\/models\//, (route) => {
      requests.push(route.request().url());
      return route.abort();
    });
    await page.goto('/?device=wasm');
    await expect(page.getByRole('spinbutton', { name: 'Seed' })).toHaveValue('7');
    await generateButton(page).click();
    await waitForVideo(page);
    expect(requests).toEqual([]);
    return saveVideo(page, path.join(info.outputDir, 'second.mp4'));
  });
  expect(second.equals(first)).toBe(true);
});
