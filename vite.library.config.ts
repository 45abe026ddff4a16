import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/**
 * The application renames onnxruntime-web's files; a library leaves them to onnxruntime-web, which finds
 * them beside its scripts.
 */
function runtimeFilesStay(): Plugin {
  const nowhere = '\0kinora-runtime-file';
  return {
    name: 'kinora-runtime-files-stay',
    enforce: 'pre',
    resolveId: (id) => (/^onnxruntime-web\/.*\?url$/.test(id) ? nowhere : null),
    load: (id) => (id === nowhere ? 'export default undefined;' : null),
  };
}

/**
 * Makes the folder a separate package for `npm pack ./dist-library`, without the application's dependencies.
 */
function packageFiles(): Plugin {
  return {
    name: 'kinora-package-files',
    generateBundle() {
      const { name, version, license, engines, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
      const manifest = {
        name,
        version,
        description: "Text to video in the browser: diffusers' text-to-video pipelines on the visitor's own GPU",
        license,
        keywords: ['text-to-video', 'diffusers', 'webgpu', 'onnxruntime', 'browser'],
        type: 'module',
        engines,
        exports: { '.': { types: './types/entries/library.d.ts', import: './kinora.js' } },
        sideEffects: false,
        dependencies: { 'onnxruntime-web': dependencies['onnxruntime-web'] },
      };
      const emit = (fileName: string, source: string) => this.emitFile({ type: 'asset', fileName, source });
      emit('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
      emit('README.md', readFileSync('docs/engine.md', 'utf8'));
      emit('LICENSE', readFileSync('LICENSE', 'utf8'));
    },
  };
}

/** `npm run build:library`: the engine as an npm package in dist-library/. */
export default defineConfig({
  publicDir: false,
  plugins: [runtimeFilesStay(), packageFiles()],
  build: {
    outDir: 'dist-library',
    target: 'es2023',
    sourcemap: true,
    lib: { entry: 'src/entries/library.ts', formats: ['es'], fileName: 'kinora' },
    rollupOptions: { external: /^onnxruntime-web\/\w+$/, output: { codeSplitting: false } },
  },
});
