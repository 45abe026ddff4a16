import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

/** With these headers the page is cross-origin isolated and onnxruntime's wasm provider may use threads. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The onnxruntime-web builds whose loader and wasm are files of their own, so that threads can start from the loader. */
export const conditions = ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions];

export default defineConfig({
  base: './',
  resolve: { conditions },
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    rollupOptions: { input: ['index.html', 'headless.html'] },
  },
  server: { headers: isolation },
  preview: { headers: isolation, host: '127.0.0.1', port: 4173 },
});
