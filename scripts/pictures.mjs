// npx vite build && node scripts/pictures.mjs: the pictures of the page in the README and in the manifest, with a video that it
// has just made. Run it when the page or the small checkpoint changes.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { chromiumPath, webgpuArgs } from './chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const server = await preview({ root, preview: { port: 4199, strictPort: true } });
const browser = await chromium.launch({ executablePath: chromiumPath(), args: webgpuArgs });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
await page.goto('http://127.0.0.1:4199/?device=wasm');
await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('a yellow star spinning on a black background');
await page.getByRole('checkbox', { name: 'New seed for every video' }).uncheck();
await page.getByRole('spinbutton', { name: 'Seed' }).fill('3');
await page.getByRole('button', { name: 'Generate' }).click();
const video = page.getByLabel(/^Video: /);
await video.waitFor({ timeout: 300_000 });
// its middle, where the shape is in full view
await video.evaluate((element) => {
  element.currentTime = 0.45;
});
await page.waitForTimeout(1000);
await page.evaluate(() => window.scrollTo(0, 0));
mkdirSync(`${root}public/screenshots`, { recursive: true });
await page.screenshot({ path: `${root}public/screenshots/wide.png` });
await page.screenshot({ path: `${root}docs/page.png` });
await page.setViewportSize({ width: 390, height: 844 });
await page.getByRole('button', { name: 'Generate' }).scrollIntoViewIfNeeded();
await page.screenshot({ path: `${root}public/screenshots/narrow.png` });
await browser.close();
await server.close();
