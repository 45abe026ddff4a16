import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumPath, webgpuArgs } from './scripts/chromium.mjs';

/** `*.test.ts` runs in Node; `*.browser.test.ts` in a real Chromium, with WebGPU on SwiftShader. */
export default defineConfig({
  // found while the tests run otherwise, and the page would be reloaded under them
  optimizeDeps: { include: ['onnxruntime-web/jspi', 'onnxruntime-web/webgpu', 'onnxruntime-web/wasm'], noDiscovery: false },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'node', include: ['{src,cli,scripts,training}/**/*.test.ts'], exclude: ['**/*.browser.test.ts'] },
      },
      {
        extends: true,
        server: {
          headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
        },
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: 'chromium' }],
            provider: playwright({ launchOptions: { executablePath: chromiumPath(), args: webgpuArgs } }),
          },
        },
      },
    ],
  },
});
