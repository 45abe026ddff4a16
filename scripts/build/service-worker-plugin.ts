import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'vite';

/**
 * What works without a network from the first visit on: everything but models, onnxruntime's wasm, the headless page, and the way out
 * of a broken version.
 */
const notShell = /^(models|screenshots)\/|\.wasm$|headless|start-over|^_headers$|^robots\.txt$|^SHA256SUMS$/;
/** Their names change with their content. */
const hashed = /^assets\//;

/**
 * Bundles workers/service-worker.ts into service-worker.js, with the list of the files that the build has written.
 * @param plugins of that bundle
 */
export function serviceWorkerPlugin(plugins: readonly Plugin[]): Plugin {
  let root = '';
  let folder = '';
  let code = '';
  return {
    name: 'kinora-service-worker',
    apply: 'build',
    configResolved(config) {
      root = config.root;
      folder = path.resolve(root, config.build.outDir);
    },
    // before the licences of what it contains are written, which are one of the files of its list
    async generateBundle() {
      code = await bundle(root, [...plugins]);
    },
    closeBundle: {
      sequential: true,
      handler() {
        const files = shellFiles(folder);
        this.info(`service worker for ${files.length} files`);
        writeFileSync(path.join(folder, 'service-worker.js'), `const shellFiles=${JSON.stringify(files)};\n${code}`);
      },
    },
  };
}

async function bundle(root: string, plugins: Plugin[]): Promise<string> {
  const built = await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    plugins,
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: path.join(root, 'workers/service-worker.ts'), formats: ['iife'], name: 'serviceWorker' },
    },
  });
  const [output] = Array.isArray(built) ? built : [];
  if (!output) throw new Error('The service worker was not bundled.');
  return output.output[0].code;
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
