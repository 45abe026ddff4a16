import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'vite';

/** Files that are never cached: models, the headless page, and the page that recovers from a broken version. */
const notKept =
  /^(models|screenshots)\/|headless|start-over|^_headers$|^robots\.txt$|^SHA256SUMS$|^service-worker\.js$/;
/** onnxruntime, of which a visitor needs one build of three. */
const wasm = /\.wasm$/;
/** Their names change with their content. */
const hashed = /^assets\//;

/**
 * Bundles workers/service-worker.ts into service-worker.js, with the list of the files that the build wrote.
 * @param plugins for that bundle
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
    // before licences.html is written, which covers its packages and is on its list
    async generateBundle() {
      code = await bundle(root, [...plugins]);
    },
    closeBundle: {
      sequential: true,
      handler() {
        const files = keptFiles(folder);
        this.info(`service worker for ${files.shell.length} files, and ${files.wasm.length} when they are used`);
        writeFileSync(path.join(folder, 'service-worker.js'), `${listOf(files)}${code}`);
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

/** What the service worker caches, in the form that workbox-precaching takes; `integrity` as `fetch` does. */
export interface KeptFiles {
  /** Stored when a version is installed. */
  shell: KeptFile[];
  /** Stored when they are first used. */
  wasm: KeptFile[];
}

interface KeptFile {
  url: string;
  /** Null where the name changes with the content. */
  revision: string | null;
  integrity: string;
}

/** The first line of service-worker.js. Exported, as `keptFiles` is, for tests that publish another version. */
export function listOf(files: KeptFiles): string {
  return `const keptFiles=${JSON.stringify(files)};\n`;
}

/** Lists the files of a built folder. */
export function keptFiles(folder: string): KeptFiles {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll(path.sep, '/'))
    .filter((name) => !notKept.test(name) && statSync(path.join(folder, name)).isFile())
    .sort()
    .map((url) => {
      const hash = createHash('sha384').update(readFileSync(path.join(folder, url)));
      const integrity = `sha384-${hash.digest('base64')}`;
      return { url, revision: hashed.test(url) ? null : integrity, integrity };
    });
  return { shell: files.filter(({ url }) => !wasm.test(url)), wasm: files.filter(({ url }) => wasm.test(url)) };
}
