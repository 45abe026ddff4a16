// Finds the browser that tests, benchmarks and the command line drive, and how to start it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** WebGPU on SwiftShader: real WebGPU on a machine with no GPU, f32 only. */
export const webgpuArgs = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** @returns {string | undefined} the machine's Chromium, or else Playwright's if it was downloaded */
export function findChromium() {
  const asked = process.env.KINORA_CHROMIUM;
  if (asked) return asked;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // not this one
    }
  }
  const own = chromium.executablePath();
  return existsSync(own) ? own : undefined;
}

/**
 * Like findChromium.
 * @throws Error if there is none
 */
export function chromiumPath() {
  const path = findChromium();
  if (!path) throw new Error('No Chromium was found. Install one (apt-get install chromium) or set KINORA_CHROMIUM.');
  return path;
}
