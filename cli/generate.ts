/** `npm run generate`: makes videos with the built page's own worker, in a headless Chromium. */
import { existsSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import path from 'node:path';
import { shippedModel } from '../src/catalogue/models';
import type { HeadlessRequest, HeadlessVideo } from '../src/entries/headless';
import type { JobProgress } from '../src/protocol';
import { adapterAddress } from './adapters';
import { HeadlessBrowser, HeadlessError } from './browser';
import type { HeapPeak } from './heap-meter';
import { addressOf, isRemote, shippedAddress } from './models';
import { npy } from './npy';
import { type CommandLine, type Job, type Line, parseCommandLine, usage } from './options';
import { Outputs } from './outputs';
import { type Site, serveSite } from './site';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');

/** A report's entry for one video. */
type Entry = { name?: string } & (ReturnType<typeof reportOf> | { error: { code?: string; message: string } });

async function main(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (!commandLine) {
    console.log(usage);
    return;
  }
  const { lines, report, browser: executable } = commandLine;
  const entries: Entry[] = [];
  const fail = ({ name }: Line, error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof HeadlessError ? error.code : undefined;
    clearProgress();
    console.error([name, code, message].filter(Boolean).join(': '));
    entries.push({ ...(name && { name }), error: { code, message } });
    process.exitCode = 1;
  };

  const jobs: { name: string; job: Job }[] = [];
  for (const line of lines) 'job' in line ? jobs.push(line) : fail(line, line.error);
  if (jobs.length === 0) return;

  if (!existsSync(path.join(dist, 'headless.html'))) await buildPage();
  const site = await serveSite(dist);
  let browser: HeadlessBrowser | undefined;
  try {
    const profile = profileFolder(commandLine, jobs);
    browser = await HeadlessBrowser.launch({ browser: executable, profile, port: site.port, onProgress: showProgress });
    for (const line of jobs) {
      try {
        const made = await make(line.job, browser, site);
        clearProgress();
        console.log(summary(line.job, made.video));
        entries.push({ ...(line.name && { name: line.name }), ...reportOf(line.job, made) });
      } catch (error) {
        fail(line, error);
      }
    }
    if (report && entries.some((entry) => !('error' in entry))) {
      const outputs = new Outputs();
      const [cpu] = cpus();
      const machine = { cpu: cpu?.model, cores: cpus().length, browser: browser.version };
      outputs.add(report, `${JSON.stringify({ machine, videos: entries }, null, 2)}\n`);
      outputs.commit();
    }
  } finally {
    await browser?.close();
    site.close();
  }
}

/** Models on this machine are read again every time; downloaded ones are kept. */
function profileFolder({ profile }: CommandLine, jobs: { job: Job }[]): string {
  if (profile !== undefined) return path.resolve(profile);
  if (!jobs.some(({ job }) => isRemote(job.model) || isRemote(job.decoder))) return '';
  const caches = { darwin: path.join(homedir(), 'Library', 'Caches'), win32: process.env.LOCALAPPDATA };
  const own = Object.entries(caches).find(([platform]) => platform === process.platform)?.[1];
  return path.join(own ?? process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'kinora', 'browser');
}

async function buildPage(): Promise<void> {
  console.error('Building the page…');
  const { build } = await import('vite');
  await build({ root, configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' });
}

async function make(job: Job, browser: HeadlessBrowser, site: Site): Promise<{ video: HeadlessVideo; heap: HeapPeak }> {
  const dtypes = { f16: 'float16', f32: 'float32' } as const;
  const request: HeadlessRequest = {
    source: remote(job.model === undefined ? shippedAddress(dist) : addressOf(job.model, 'pipeline', site)),
    decoder: job.decoder === undefined ? undefined : remote(addressOf(job.decoder, 'decoder', site)),
    adapters: job.lora?.map(({ where, scale }) => ({ source: remote(adapterAddress(where, site)), scale })),
    device: job.device ?? 'auto',
    dtype: job.dtype ? dtypes[job.dtype] : 'auto',
    seed: Math.floor(Math.random() * 2 ** 32),
    ...(job.model === undefined && shippedModel.recommended),
    ...job.parameters,
  };
  const made = await browser.generate(request);
  const outputs = new Outputs();
  try {
    if (job.out !== undefined) outputs.add(job.out, await browser.read('mp4'));
    if (job.latents !== undefined) {
      outputs.add(job.latents, npy(await browser.read('latents'), made.video.latentsShape));
    }
    for (let i = 0; job.png !== undefined && i < made.video.parameters.numFrames; i++) {
      outputs.addFrame(job.png, i, await browser.read('png', i));
    }
    outputs.commit();
  } catch (error) {
    outputs.discard();
    throw error;
  }
  return made;
}

const remote = (url: string) => ({ kind: 'remote', url }) as const;

function reportOf({ out, png, latents }: Job, { video, heap }: { video: HeadlessVideo; heap: HeapPeak }) {
  const { timings, openMilliseconds: open, encodeMilliseconds: mp4 } = video;
  const { parameters, checkpoint, decoder, adapters, backend, fps, codec, truncatedTokens } = video;
  return {
    files: { out, png, latents },
    parameters,
    fps,
    codec,
    checkpoint,
    decoder,
    adapters,
    backend,
    truncatedTokens,
    milliseconds: { open, ...timings, mp4, total: open + timings.total + mp4 },
    dispatches: video.memory.dispatches,
    gpuBytesAtPeak: video.memory.gpuBytesAtPeak,
    jsHeapBytesAtPeak: heap.jsHeap,
    arrayBufferBytesAtPeak: heap.arrayBuffers,
  };
}

function summary(
  job: Job,
  { parameters, timings, backend, fps, codec, openMilliseconds, encodeMilliseconds }: HeadlessVideo,
) {
  const { width, height, numFrames, seed, numInferenceSteps } = parameters;
  const seconds = (openMilliseconds + timings.total + encodeMilliseconds) / 1000;
  const files = [job.out, job.png, job.latents].filter((file) => file !== undefined).join(', ');
  const video = `${width}×${height}, ${numFrames} ${numFrames === 1 ? 'frame' : 'frames'} at ${fps} a second, ${codec}`;
  return `${files}: ${video}; seed ${seed}, ${numInferenceSteps} ${numInferenceSteps === 1 ? 'step' : 'steps'} on ${backend.device} (${backend.dtype}), ${seconds.toFixed(1)} s`;
}

function showProgress({ stage, network, done, total }: JobProgress): void {
  if (!process.stderr.isTTY) return;
  const share = total > 1 ? ` ${Math.floor((100 * done) / total)} %` : '';
  process.stderr.write(`\r\x1b[K${stage}${network ? ` ${network.label}` : ''}${share}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

main().catch((error: unknown) => {
  clearProgress();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
