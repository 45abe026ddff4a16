/**
 * Proves the engine on networks of the real size, without the real weights:
 *
 *     npm run test:full-size -- [--reference DIR] [--browser PATH] [--dtype float16|float32] [--profile DIR] [--report FILE] [component …]
 *
 * Serves text-to-video-ms-1.7b with synthetic weights, lets a Chromium download it into IndexedDB, loads each network from there
 * and compares one run with what PyTorch made of the same weights. Fails when one is further off than the tolerance.
 * With --profile the downloaded weights stay for the next run.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { HeapMeter, type HeapPeak } from '../../cli/heap-meter';
import type { Dtype } from '../../src/engine';
import { type Component, components } from '../../src/engine/source';
import { relativeRms } from '../../tests/reference';
import { webgpuArgs } from '../chromium.mjs';
import { type Hub, startHub } from './hub';
import { readNpz } from './npz';
import type { NetworkRun } from './page';

/** Fixed, because what a browser has stored belongs to the page's address, and is filed under the checkpoint's. */
const pagePort = 47810;
const hubPort = 47811;

const root = path.resolve(import.meta.dirname, '../..');
const referenceFiles: Record<Component, { file: string; output: string }> = {
  text_encoder: { file: 'text_encoder.npz', output: 'last_hidden_state' },
  unet: { file: 'unet.npz', output: 'out' },
  vae: { file: 'vae_decoder.npz', output: 'sample' },
};
/** Relative RMS. In half precision Conv and MatMul accumulate in float16, which costs that much. */
const tolerances: Record<Dtype, number> = { float16: 5e-2, float32: 1e-4 };

interface Row {
  component: Component;
  bytes: number;
  download: number;
  heapAtDownload: HeapPeak;
  run: Omit<NetworkRun, 'values'>;
  heapAtLoad: HeapPeak;
  error: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      reference: { type: 'string', default: path.resolve(root, '../shared/reference') },
      browser: { type: 'string', default: process.env.KINORA_CHROMIUM_F16 },
      dtype: { type: 'string', default: 'float16' },
      profile: { type: 'string' },
      report: { type: 'string' },
    },
  });
  const { reference, browser, dtype } = values;
  if (dtype !== 'float16' && dtype !== 'float32') throw new Error('--dtype is float16 or float32.');
  if (!browser || !existsSync(browser)) {
    throw new Error(
      'Name a Chromium whose WebGPU has shader-f16 with --browser PATH or KINORA_CHROMIUM_F16 (any Chromium on a machine with a GPU).',
    );
  }
  if (!existsSync(path.join(reference, 'synthetic'))) {
    throw new Error(`${reference} does not hold the reference data. Name its folder with --reference DIR.`);
  }
  const wanted = components.filter((component) => positionals.length === 0 || positionals.includes(component));

  const profile = values.profile ?? mkdtempSync(path.join(tmpdir(), 'kinora-full-size-'));
  const hub = await startHub(path.join(reference, 'text-to-video-ms-1.7b'), hubPort);
  const server = await startPage();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser,
    args: [...webgpuArgs, '--disable-gpu-watchdog', '--enable-precise-memory-info'],
    timeout: 60_000,
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(0);
    page.on('console', (message) => {
      if (message.type() !== 'debug') console.log(`  page: ${message.text()}`);
    });
    page.on('crash', () => {
      console.error('The page crashed.');
      process.exit(1);
    });
    const rows: Row[] = [];
    for (const component of wanted) {
      const row = await prove(component, page, { hub, server, reference, dtype });
      rows.push(row);
      print(row, dtype);
    }
    if (values.report) writeFileSync(values.report, `${JSON.stringify({ dtype, networks: rows }, null, 2)}\n`);
    const failed = rows.filter(({ error }) => !(error <= tolerances[dtype]));
    if (failed.length > 0) {
      console.error(`Further off than ${tolerances[dtype]}: ${failed.map(({ component }) => component).join(', ')}.`);
      process.exitCode = 1;
    }
  } finally {
    await context.close();
    await server.close();
    hub.stop();
    if (!values.profile) rmSync(profile, { recursive: true, force: true });
  }
}

/** The page straight from its sources; nothing watches them, so that an edit does not reload it in the middle of a run. */
async function startPage(): Promise<ViteDevServer> {
  const server = await createServer({
    root,
    configFile: path.join(root, 'vite.config.ts'),
    cacheDir: path.join(root, 'node_modules/.vite-full-size'),
    logLevel: 'warn',
    server: { host: '127.0.0.1', port: pagePort, strictPort: true, hmr: false, watch: null },
    optimizeDeps: {
      entries: ['scripts/full-size/page.html'],
      include: ['zod', 'idb', '@bufbuild/protobuf', '@bufbuild/protobuf/wire'],
      exclude: ['onnxruntime-web'],
    },
  });
  return server.listen();
}

interface Setting {
  hub: Hub;
  server: ViteDevServer;
  reference: string;
  dtype: Dtype;
}

async function prove(component: Component, page: Page, { hub, server, reference, dtype }: Setting): Promise<Row> {
  const address = `${server.resolvedUrls?.local[0]}scripts/full-size/page.html`;
  const { file, output } = referenceFiles[component];
  const { [output]: expected, ...inputs } = readNpz(readFileSync(path.join(reference, 'synthetic', file)));
  if (!expected) throw new Error(`${file} has no ${output}.`);

  // each part in a page of its own, so that nothing of the first is left in the second's memory
  const measured = async <T>(work: () => Promise<T>) => {
    await page.goto(address);
    await page.waitForFunction(() => 'fullSize' in window);
    const meter = await HeapMeter.start(page);
    try {
      return { value: await work(), heap: meter.peak };
    } finally {
      meter.stop();
    }
  };
  const stored = await measured(() =>
    page.evaluate(([url, name]) => window.fullSize.download(url, name), [hub.url, component] as const),
  );
  const loaded = await measured(() =>
    page.evaluate(([url, name, arrays, type]) => window.fullSize.run(url, name, arrays, type), [
      hub.url,
      component,
      inputs,
      dtype,
    ] as const),
  );
  const { milliseconds: download, bytes } = stored.value;
  const { values, ...run } = loaded.value;
  await page.evaluate(() => window.fullSize.release());
  const error = relativeRms(values, expected.values);
  return { component, bytes, download, heapAtDownload: stored.heap, run, heapAtLoad: loaded.heap, error };
}

function print({ component, bytes, download, heapAtDownload, run, heapAtLoad, error }: Row, dtype: Dtype): void {
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  const megabytes = (count: number) => `${(count / 1e6).toFixed(0)} MB`;
  console.log(
    [
      `${component} (${dtype})`,
      `  relative RMS error ${error.toExponential(2)} (at most ${tolerances[dtype]})`,
      `  downloaded and stored ${megabytes(bytes)} in ${seconds(download)} (JS heap ${megabytes(heapAtDownload.jsHeap)}, ArrayBuffers ${megabytes(heapAtDownload.arrayBuffers)})`,
      `  found in storage in ${seconds(run.open)}, loaded in ${seconds(run.load)}`,
      `  first run ${seconds(run.firstRun)}, second ${seconds(run.secondRun)}, ${run.memory.dispatches} dispatches`,
      `  at peak while loading and running: JS heap ${megabytes(heapAtLoad.jsHeap)}, ArrayBuffers ${megabytes(heapAtLoad.arrayBuffers)}, GPU ${megabytes(run.memory.gpuBytesAtPeak)}`,
    ].join('\n'),
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
