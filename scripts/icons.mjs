// node scripts/icons.mjs: draws public/icons/*.png from public/icon.svg. Run it when the icon changes.
import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { chromiumPath, webgpuArgs } from './chromium.mjs';

const root = new URL('..', import.meta.url);
const svg = readFileSync(new URL('public/icon.svg', root), 'utf8');
/**
 * Systems cut maskable icons to their own shape: a square without rounded corners, with the drawing in the middle four fifths.
 */
const maskable = svg.replace('rx="7"', '').replace('<g ', '<g transform="translate(4 4) scale(0.75)" ');

const browser = await chromium.launch({ executablePath: chromiumPath(), args: webgpuArgs });
const page = await browser.newPage();
mkdirSync(new URL('public/icons', root), { recursive: true });
for (const [name, source, size] of [
  ['192', svg, 192],
  ['512', svg, 512],
  ['maskable-512', maskable, 512],
  ['apple-touch-icon', maskable, 180],
]) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px }</style>${source}`);
  await page.screenshot({ path: new URL(`public/icons/${name}.png`, root).pathname, omitBackground: true });
}
await browser.close();
