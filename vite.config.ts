import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';
import { checksumsPlugin } from './scripts/build/checksums-plugin.ts';
import { constantsPlugin } from './scripts/build/constants-plugin.ts';
import { isolation } from './scripts/build/headers.ts';
import { licencesPlugins } from './scripts/build/licences-plugin.ts';
import { policyPlugin, previewHeadersPlugin } from './scripts/build/policy-plugin.ts';
import { scriptPriorityPlugin } from './scripts/build/script-priority-plugin.ts';
import { serviceWorkerPlugin } from './scripts/build/service-worker-plugin.ts';
import { sizePlugin } from './scripts/build/size-plugin.ts';

/** The onnxruntime-web builds whose loader and wasm are separate files, so that threads can start from the loader. */
export const conditions = ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions];

const licences = licencesPlugins();

export default defineConfig({
  base: './',
  resolve: { conditions },
  plugins: [
    react(),
    policyPlugin(),
    previewHeadersPlugin(),
    constantsPlugin([path.resolve(import.meta.dirname, 'src/engine/schedulers/descriptions.ts')]),
    scriptPriorityPlugin(),
    serviceWorkerPlugin([licences.collect()]),
    licences.page,
    sizePlugin(),
    checksumsPlugin(),
  ],
  worker: { format: 'es', plugins: () => [licences.collect()] },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    // browsers that can make videos support module preloading
    modulePreload: { polyfill: false },
    rollupOptions: { input: ['index.html', 'headless.html', 'start-over.html'] },
  },
  server: { headers: isolation },
  preview: { host: '127.0.0.1', port: 4173 },
});
