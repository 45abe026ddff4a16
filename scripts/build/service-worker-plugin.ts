import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'vite';

/** What works without a network from the first visit on: everything but models, onnxruntime's wasm and the headless page. */
const notShell = /^(models|screenshots)\/|\.wasm$|headless|^_headers$|^licences/;
/** Their names change with their content. */
const hashed = /^assets\//;

/** Bundles workers/service-worker.ts into dist/service-worker.js, with the list of the files that the build has written. */
export function serviceWorkerPlugin(): Plugin {
  let root = '';
  let folder = '';
  return {
    name: 'kinora-service-worker',
    apply: 'build',
    configResolved(config) {
      root = config.root;
      folder = path.resolve(root, config.build.outDir);
    },
    closeBundle: {
      sequential: true,
      async handler() {
        const files = shellFiles(folder);
        this.info(`service worker for ${files.length} files`);
        await build({
          configFile: false,
          root,
          publicDir: false,
          logLevel: 'warn',
          define: { shellFiles: JSON.stringify(files), 'process.env.NODE_ENV': '"production"' },
          build: {
            outDir: folder,
            emptyOutDir: false,
            target: 'es2023',
            lib: {
              entry: path.join(root, 'workers/service-worker.ts'),
              formats: ['iife'],
              name: 'serviceWorker',
              fileName: () => 'service-worker.js',
            },
          },
        });
      },
    },
  };
}

/** Exported for its test. */
export function shellFiles(folder: string): { url: string; revision: string | null }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll(path.sep, '/'))
    .filter((name) => !notShell.test(name) && name !== 'service-worker.js')
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .sort()
    .map((url) => ({
      url,
      revision: hashed.test(url)
        ? null
        : createHash('sha256')
            .update(readFileSync(path.join(folder, url)))
            .digest('hex'),
    }));
}
