import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** With these headers the page is cross-origin isolated and onnxruntime's wasm provider may use threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  base: './',
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
