import { defineConfig, type Plugin } from 'vite';

/**
 * The application has onnxruntime-web's files under names of its own; a library leaves them to onnxruntime-web, which finds
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

/** `npm run build:library`: the engine as ES modules. */
export default defineConfig({
  publicDir: false,
  plugins: [runtimeFilesStay()],
  build: {
    outDir: 'dist-library',
    target: 'es2023',
    sourcemap: true,
    lib: { entry: 'src/library.ts', formats: ['es'], fileName: 'kinora' },
    rollupOptions: { external: /^onnxruntime-web\/\w+$/, output: { codeSplitting: false } },
  },
});
