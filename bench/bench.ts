/**
 * How long a video of the shipped checkpoint takes in the browser, and in PyTorch on the same machine:
 *
 *     npm run bench -- [--device wasm|webgpu] [--steps N] [--frames N] [--guidance X] [--repeat N] [--model DIR] [--browser PATH]
 *                      [--python PATH] [--report FILE]
 *
 * Both make the same video from the same seed, one after the other, `repeat` times after a first run that does not count. The
 * figures are medians. Python needs training/references/requirements.txt.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '..');

const { values: options } = parseArgs({
  options: {
    device: { type: 'string', default: 'wasm' },
    steps: { type: 'string', default: '20' },
    frames: { type: 'string', default: '8' },
    guidance: { type: 'string', default: '4' },
    prompt: { type: 'string', default: 'a red circle moving right on a blue background' },
    repeat: { type: 'string', default: '3' },
    model: { type: 'string', default: path.join(root, 'public/models/moving-shapes') },
    browser: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    report: { type: 'string' },
  },
});

const stages = z.object({ denoise: z.number(), decode: z.number(), total: z.number() });
const pytorchReport = z.object({ threads: z.number(), torch: z.string(), runs: z.array(stages) });
const browserReport = z.object({
  machine: z.object({ browser: z.string() }),
  videos: z.array(
    z.object({
      milliseconds: stages.extend({ open: z.number(), tokenize: z.number(), encode: z.number(), load: z.number() }),
      backend: z.object({ device: z.string(), dtype: z.string(), adapter: z.string(), threads: z.number() }),
      dispatches: z.number(),
      gpuBytesAtPeak: z.number(),
      jsHeapBytesAtPeak: z.number(),
      arrayBufferBytesAtPeak: z.number(),
    }),
  ),
});
type Stages = z.infer<typeof stages>;

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-bench-'));
try {
  const pytorch = runPyTorch();
  const browser = runBrowser();
  const [first] = browser.videos;
  if (!first) throw new Error('The browser made no video.');
  const warm = browser.videos.slice(1);
  const mine = medians(
    warm.map(({ milliseconds }) => ({
      denoise: milliseconds.denoise,
      decode: milliseconds.decode,
      // without loading and without the mp4, neither of which PyTorch's figure includes
      total: milliseconds.tokenize + milliseconds.encode + milliseconds.denoise + milliseconds.decode,
    })),
  );
  const theirs = medians(pytorch.runs);
  const { device, dtype, adapter, threads } = first.backend;
  const peak = (key: 'gpuBytesAtPeak' | 'jsHeapBytesAtPeak' | 'arrayBufferBytesAtPeak') =>
    `${(Math.max(...browser.videos.map((video) => video[key])) / 1e6).toFixed(0)} MB`;
  console.log(
    [
      `${options.frames} frames, ${options.steps} steps with guidance ${options.guidance}; ${cpus().length} × ${cpus()[0]?.model}`,
      `browser  ${browser.machine.browser}, ${device} ${adapter} ${dtype}, ${threads} threads: ${stagesOf(mine)}`,
      `         first video ${seconds(first.milliseconds.total)}, of that open ${seconds(first.milliseconds.open)} and load ${seconds(first.milliseconds.load)}`,
      `         at peak: JS heap ${peak('jsHeapBytesAtPeak')}, ArrayBuffers ${peak('arrayBufferBytesAtPeak')}, GPU ${peak('gpuBytesAtPeak')}`,
      `PyTorch  ${pytorch.torch}, CPU float32, ${pytorch.threads} threads: ${stagesOf(theirs)}`,
      `browser / PyTorch: ${(mine.total / theirs.total).toFixed(2)}`,
    ].join('\n'),
  );
  if (options.report) {
    const { report: _, ...setting } = options;
    writeFileSync(
      options.report,
      `${JSON.stringify({ setting, browser, pytorch, medians: { mine, theirs } }, null, 2)}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runPyTorch(): z.infer<typeof pytorchReport> {
  const { model, prompt, steps, guidance, frames, repeat } = options;
  const wanted = { model, prompt, steps, guidance, frames, repeat, seed: '0' };
  const flags = Object.entries(wanted).map(([name, value]) => `--${name}=${value}`);
  const output = execFileSync(options.python, [path.join(root, 'bench/pytorch.py'), ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return pytorchReport.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
}

function runBrowser(): z.infer<typeof browserReport> {
  const batch = path.join(folder, 'batch.jsonl');
  const report = path.join(folder, 'report.json');
  const lines = Array.from({ length: Number(options.repeat) + 1 }, (_, i) =>
    JSON.stringify({ out: path.join(folder, `${i}.mp4`) }),
  );
  writeFileSync(batch, lines.join('\n'));
  const { model, prompt, steps, guidance, frames, device, browser } = options;
  const wanted = { batch, report, model, prompt, steps, guidance, frames, device, browser, seed: '0' };
  const flags = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  execFileSync(
    process.execPath,
    [path.join(root, 'node_modules/tsx/dist/cli.mjs'), path.join(root, 'cli/generate.ts'), ...flags],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      cwd: root,
    },
  );
  return browserReport.parse(JSON.parse(readFileSync(report, 'utf8')));
}

function medians(runs: readonly Stages[]): Stages {
  const of = (stage: keyof Stages) => {
    const sorted = runs.map((run) => run[stage]).sort((a, b) => a - b);
    const middle = sorted.length / 2;
    return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
  };
  return { denoise: of('denoise'), decode: of('decode'), total: of('total') };
}

function stagesOf({ denoise, decode, total }: Stages): string {
  return `${seconds(total)} a video (denoise ${seconds(denoise)}, decode ${seconds(decode)})`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
