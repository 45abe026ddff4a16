/**
 * Proves the page at the real size, without the real weights:
 *
 * npm run test:full -- [--reference DIR] [--browser PATH] [--dtype float16|float32] [--profile DIR] [--report FILE]
 * [--networks-only] [component …]
 *
 * A server that behaves like the hub serves text-to-video-ms-1.7b with synthetic weights. A Chromium downloads it with the built
 * page, through a broken connection and a reload, makes a small video of it, and another one after a new start without the hub.
 * Then each network runs on the stored weights, and is compared with PyTorch's results for the same weights. With --profile the
 * downloaded weights stay, and a second call can prove the networks only.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { build, createServer, preview, type ViteDevServer } from 'vite';
import { HeapMeter, type HeapPeak } from '../../cli/heap-meter';
import type { Dtype } from '../../src/engine';
import { deviceNeeds } from '../../src/engine/device-needs';
import { textToVideoSD } from '../../src/engine/pipelines/text-to-video-sd';
import { relativeRms, Safetensors } from '../../tests/reference';
import { type Hub, startHub } from '../../tests/server/hub';
import { syntheticFiles } from '../../tests/server/hub-files';
import { webgpuArgs } from '../chromium.mjs';
import { chromiumF16 } from '../chromium-f16/browser.mjs';
import type { FullSizeComponent, NetworkRun, ReferenceArray } from './page';
import { type Story, tellStory } from './story';

/** Fixed, because stored data belongs to the page's address, and is stored under the checkpoint's. */
const pagePort = 47810;
const hubPort = 47811;

const components = ['text_encoder', 'unet', 'vae'] as const satisfies FullSizeComponent[];
const root = path.resolve(import.meta.dirname, '../..');
const outputs: Record<FullSizeComponent, string> = { text_encoder: 'last_hidden_state', unet: 'out', vae: 'sample' };
/** Relative RMS. In half precision Conv and MatMul accumulate in float16, which costs that much. */
const tolerances: Record<Dtype, number> = { float16: 5e-2, float32: 1e-4 };

interface Row {
  component: FullSizeComponent;
  run: Omit<NetworkRun, 'values'>;
  heapAtLoad: HeapPeak;
  error: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      reference: { type: 'string', default: path.join(root, 'training/work/full-size') },
      browser: { type: 'string' },
      dtype: { type: 'string', default: 'float16' },
      profile: { type: 'string' },
      report: { type: 'string' },
      'networks-only': { type: 'boolean', default: false },
    },
  });
  const { reference, dtype } = values;
  if (dtype !== 'float16' && dtype !== 'float32') throw new Error('--dtype is float16 or float32.');
  const browser = values.browser ?? madeBrowser();
  if (!existsSync(reference)) {
    throw new Error(`${reference} is missing. Make it: python3 training/references/full_size.py`);
  }
  const wanted = components.filter((component) => positionals.length === 0 || positionals.includes(component));

  const profile = values.profile ?? mkdtempSync(path.join(tmpdir(), 'kinora-full-size-'));
  const hub = await startHub(syntheticFiles(path.join(reference, 'checkpoint')), hubPort);
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
    const needs = countedNeeds(path.join(reference, 'checkpoint'), dtype);
    console.log(
      `16 frames of 256×256, counted from the graphs' buffers: ${needs.map(({ component, ratio }) => `${component} ${ratio.toFixed(2)}`).join(', ')} of its weights on the GPU`,
    );
    const story = values['networks-only'] ? undefined : await wholeStory(page, hub, dtype);
    const server = await startPage();
    const rows: Row[] = [];
    for (const component of wanted) {
      const row = await prove(component, page, { hub, server, reference, dtype });
      rows.push(row);
      print(row, dtype);
    }
    await server.close();
    if (values.report)
      writeFileSync(values.report, `${JSON.stringify({ dtype, needs, story, networks: rows }, null, 2)}\n`);
    const failed = rows.filter(({ error }) => !(error <= tolerances[dtype]));
    if (failed.length > 0) {
      console.error(`Further off than ${tolerances[dtype]}: ${failed.map(({ component }) => component).join(', ')}.`);
      process.exitCode = 1;
    }
  } finally {
    await context.close();
    hub.stop();
    if (!values.profile) rmSync(profile, { recursive: true, force: true });
  }
}

function madeBrowser(): string {
  const browser = chromiumF16();
  if ('path' in browser) return browser.path;
  throw new Error(
    `Name a Chromium whose WebGPU has shader-f16 with --browser PATH (any Chromium on a machine with a GPU): ${browser.reason}.`,
  );
}

/** A run that is too long for a CPU, so its memory is computed instead of measured. */
function countedNeeds(folder: string, dtype: Dtype): { component: string; weights: number; ratio: number }[] {
  const config = (component: string): unknown =>
    JSON.parse(readFileSync(path.join(folder, component, 'config.json'), 'utf8'));
  const configs = Object.fromEntries(components.map((component) => [component, config(component)]));
  const size = { numFrames: 16, width: 256, height: 256 };
  const { networks } = deviceNeeds(textToVideoSD.fromConfigs(configs), size, { device: 'webgpu', dtype });
  return networks.map(({ component, weights, activations }) => ({
    ...{ component, weights },
    ratio: 1 + activations / weights,
  }));
}

/** On the built page, at the address that the sources are served from later: what a browser stores belongs to that. */
async function wholeStory(page: Page, hub: Hub, dtype: Dtype): Promise<Omit<Story, 'first' | 'second'>> {
  await build({ root, configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' });
  const server = await preview({
    root,
    configFile: path.join(root, 'vite.config.ts'),
    preview: { port: pagePort, strictPort: true },
  });
  const { first, second, ...story } = await tellStory({
    page,
    address: `${server.resolvedUrls?.local[0]}headless.html`,
    hub,
    video: {
      prompt: 'a panda eating bamboo on a rock',
      negativePrompt: '',
      seed: 0,
      numInferenceSteps: 2,
      guidanceScale: 9,
      numFrames: 2,
      width: 64,
      height: 64,
      fps: 8,
      device: 'webgpu',
      dtype,
    },
  });
  await server.close();
  if (second.latents !== first.latents) throw new Error('The second video is another one.');
  const timings = Object.entries(first.video.timings).map(
    ([stage, milliseconds]) => `${stage} ${seconds(milliseconds)}`,
  );
  console.log(
    [
      `downloaded ${megabytes(hub.weightBytes)} in ${story.downloaded.toFixed(0)} s, through a broken connection and a reload, which cost ${megabytes(story.fetchedTwice)} more; sha256 of ${story.facts.files.filter(({ checked }) => checked).length} files right`,
      `  JS heap ${megabytes(story.heapAtDownload.jsHeap)}, ArrayBuffers ${megabytes(story.heapAtDownload.arrayBuffers)} until the reload`,
      `video of 2 frames, 64×64, 2 steps, twice (mp4 of ${first.mp4.length} bytes): ${timings.join(', ')}`,
      `  JS heap ${megabytes(first.heap.jsHeap)}, ArrayBuffers ${megabytes(first.heap.arrayBuffers)}, GPU ${megabytes(first.video.memory.gpuBytesAtPeak)}, ${(first.video.memory.gpuBytesAtPeak / hub.weightBytes).toFixed(2)} of the weights`,
    ].join('\n'),
  );
  return story;
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

async function prove(
  component: FullSizeComponent,
  page: Page,
  { hub, server, reference, dtype }: Setting,
): Promise<Row> {
  const address = `${server.resolvedUrls?.local[0]}scripts/full-size/page.html`;
  const { [outputs[component]]: expected, ...inputs } = readArrays(path.join(reference, `${component}.safetensors`));
  if (!expected) throw new Error(`The reference of ${component} has no ${outputs[component]}.`);

  // each part in its own page, so that nothing of the first is left in the second's memory
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
  const loaded = await measured(() =>
    page.evaluate(([url, name, arrays, type]) => window.fullSize.run(url, name, arrays, type), [
      hub.url,
      component,
      inputs,
      dtype,
    ] as const),
  );
  const { values, ...run } = loaded.value;
  await page.evaluate(() => window.fullSize.release());
  const error = relativeRms(values, expected.values);
  return { component, run, heapAtLoad: loaded.heap, error };
}

function readArrays(file: string): Record<string, ReferenceArray> {
  const tensors = Safetensors.from(new Uint8Array(readFileSync(file)).buffer);
  const arrays = [...tensors.weights.tensors].map(([name, { dtype, shape }]) => {
    const values = [...(dtype === 'I64' ? tensors.ints(name) : tensors.floats(name))];
    return [name, { shape: [...shape], values }] as const;
  });
  return Object.fromEntries(arrays);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function print({ component, run, heapAtLoad, error }: Row, dtype: Dtype): void {
  console.log(
    [
      `${component} (${dtype})`,
      `  relative RMS error ${error.toExponential(2)} (at most ${tolerances[dtype]})`,
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
