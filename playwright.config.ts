import { defineConfig } from '@playwright/test';
import { chromiumPath, webgpuArgs } from './scripts/chromium.mjs';

/** Set PORT to test two worktrees at the same time. */
const port = process.env.PORT ?? '4173';
const address = `http://127.0.0.1:${port}`;

/** Tests of what a person does, on the built page (`vite build` comes first) in a real Chromium. */
export default defineConfig({
  testDir: 'e2e',
  // files side by side: between two videos a test mostly waits
  workers: 2,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  use: {
    baseURL: address,
    launchOptions: { executablePath: chromiumPath(), args: webgpuArgs },
    screenshot: 'only-on-failure',
    // a quarter of the time
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
  },
  webServer: {
    command: `npx vite preview --strictPort --port ${port}`,
    url: address,
    reuseExistingServer: !process.env.CI,
  },
});
