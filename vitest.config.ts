import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { isolation } from './scripts/build/headers.ts';
import { chromiumPath, webgpuArgs } from './scripts/chromium.mjs';
import { inspectVideo } from './tests/server/ffmpeg.ts';
import { conditions } from './vite.config.ts';

/** `*.test.ts` runs in Node; `*.browser.test.ts` in a real Chromium, with WebGPU on SwiftShader. */
export default defineConfig({
  resolve: { conditions },
  // one for each of two that run at the same time, as in scripts/test.mjs
  cacheDir: process.env.VITE_CACHE_DIR,
  // a dependency discovered while tests run would reload their page
  optimizeDeps: {
    include: [
      'zod',
      'zod/mini',
      'idb',
      'comlink',
      'mp4-muxer',
      'react',
      'react-dom/client',
      'react/jsx-dev-runtime',
      'workbox-window',
      'zustand',
    ],
    exclude: ['onnxruntime-web'],
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'node', include: ['{src,cli,scripts,training}/**/*.test.ts'], exclude: ['**/*.browser.test.ts'] },
      },
      {
        extends: true,
        server: { headers: isolation },
        test: {
          name: 'browser',
          globalSetup: ['tests/server/global-setup.ts'],
          include: ['src/**/*.browser.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: 'chromium' }],
            commands: { inspectVideo },
            provider: playwright({ launchOptions: { executablePath: chromiumPath(), args: webgpuArgs } }),
          },
        },
      },
    ],
  },
});
