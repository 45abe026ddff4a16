/** What `npm run generate` takes, from the command line and from the lines of a batch. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { modelAt, shippedModel } from '../src/catalogue/models';
import { schedulerDescriptions, schedulerNames } from '../src/engine/schedulers/descriptions';
import { shortened } from '../src/shared/quote';

const other = modelAt('');
const eta = schedulerDescriptions.filter(({ takesEta }) => takesEta).map(({ className }) => className);

export const usage = `Makes videos from prompts, in a headless Chromium.

  npm run generate -- --prompt "a red circle moving right on a blue background" --out red.mp4

What to make
  --prompt TEXT       what the video shows
  --negative TEXT     what it should not show
  --model WHERE       folder or address of a diffusers checkpoint (the one that ships with the page)
  --seed N            the same seed gives the same video (any)
  --steps N           denoising steps (${shippedModel.steps} for the shipped model, else ${other.steps})
  --guidance X        how closely to follow the prompt; 1 or less: not at all, in half the time
                      (${shippedModel.guidance} for the shipped model, else ${other.guidance})
  --frames N          (${shippedModel.numFrames} for the shipped model, else ${other.numFrames})
  --width N           pixels (the model's own)
  --height N          pixels (the model's own)
  --fps X             frames per second of the file (${other.fps})
  --scheduler NAME    how each step goes from more noise to less (the model's own):
${schedulerDescriptions.map(({ className, when }) => `                      ${className}: ${when}`).join('\n')}
                      or how one of them begins
  --eta X             noise that every step adds again, 0 to 1, for ${eta.join(', ')} (0)
  --device NAME       webgpu or wasm (webgpu where there is a GPU)
  --dtype NAME        f16 or f32 (what the device can do)

What to write; at least one
  --out FILE          the video, .mp4
  --png DIR           the frames, DIR/000.png and so on, without loss
  --latents FILE      the final latents, .npy, float32
  --report FILE       times and memory, .json (beside one of the others)

How
  --batch FILE        one JSON object a line with these options, all in one browser; what stands on the command line
                      holds for every line that does not say otherwise
  --browser PATH      the Chromium to use (the machine's, else Playwright's)
  --profile DIR       where the browser keeps what it downloads (a folder in your cache; folders on this machine are
                      read anew every time unless you name one)
  --help
`;

/** From a JSON line a number, from the command line its digits. */
const number = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value),
  z.number('must be a number'),
);
const integer = (min: number, max: number) => number.pipe(z.int().min(min).max(max));
/** Not z.min, which compares the `length` of whatever is there, lists in lists even, until the stack is full. */
const filled = z.string().refine((text) => text !== '', 'must not be empty');

const scheduler = z.string().transform((text, context) => {
  const wanted = text.toLowerCase();
  const [name, ...more] = schedulerNames.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
  if (name && more.length === 0) return name;
  context.addIssue(`must be one of ${schedulerNames.join(', ')}`);
  return z.NEVER;
});

const jobSchema = z
  .strictObject({
    prompt: z.string(),
    negative: z.string().default(''),
    model: filled.optional(),
    seed: integer(0, Number.MAX_SAFE_INTEGER).optional(),
    steps: integer(1, 1000).optional(),
    guidance: number.pipe(z.number().min(0).max(100)).optional(),
    frames: integer(1, 256).optional(),
    width: integer(8, 4096).optional(),
    height: integer(8, 4096).optional(),
    fps: number.pipe(z.number().positive().max(240)).optional(),
    scheduler: scheduler.optional(),
    eta: number.pipe(z.number().min(0).max(1)).optional(),
    device: z.enum(['webgpu', 'wasm']).optional(),
    dtype: z.enum(['f16', 'f32']).optional(),
    out: filled.optional(),
    png: filled.optional(),
    latents: filled.optional(),
  })
  .refine(({ out, png, latents }) => out ?? png ?? latents, 'Name at least one of --out, --png and --latents.');

/** One video: what to make and which files to write. */
export type Job = z.infer<typeof jobSchema>;

/** A job, or why there is none. */
export type Line = { name: string; job: Job } | { name: string; error: string };

export interface CommandLine {
  lines: Line[];
  report?: string;
  browser?: string;
  profile?: string;
}

const options = {
  ...Object.fromEntries(Object.keys(jobSchema.shape).map((name) => [name, { type: 'string' }] as const)),
  batch: { type: 'string' },
  report: { type: 'string' },
  browser: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line, and the batch file that it names. A bad line of a batch stays in the list with its error.
 * @returns undefined where help is asked for
 * @throws Error that says which option is wrong
 */
export function parseCommandLine(args: string[]): CommandLine | undefined {
  const { batch, report, browser, profile, help, ...shared } = parseArgs({ args, options, strict: true }).values;
  if (help) return undefined;
  checkFolder(report);
  const lines = batch === undefined ? [parseJob('', shared)] : readBatch(batch, shared);
  return { lines, report, browser, profile };
}

function readBatch(batch: string, shared: object): Line[] {
  const texts = readFileSync(batch, 'utf8').split('\n');
  const lines = texts.flatMap((text, i) => (text.trim() ? [parseLine(`${batch}:${i + 1}`, text, shared)] : []));
  if (lines.length === 0) throw new Error(`${batch} holds no line.`);
  // the second of two videos of the same name would take the place of the first
  const seen = new Map<string, string>();
  return lines.map((line) => {
    if ('error' in line) return line;
    for (const target of [line.job.out, line.job.png, line.job.latents]) {
      if (target === undefined) continue;
      const taken = seen.get(path.resolve(target));
      if (taken) return { name: line.name, error: `${target} is written by ${taken} already.` };
      seen.set(path.resolve(target), line.name);
    }
    return line;
  });
}

function parseLine(name: string, text: string, shared: object): Line {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    return { name, error: `This is no JSON (${error instanceof Error ? error.message : error}).` };
  }
  const object = z.record(z.string(), z.unknown()).safeParse(values);
  if (!object.success) return { name, error: 'A line must be a JSON object.' };
  return parseJob(name, { ...shared, ...object.data });
}

function parseJob(name: string, values: object): Line {
  const result = jobSchema.safeParse(values);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => {
      const option = issue.path.length > 0 ? `--${issue.path.join('.')}: ` : '';
      return `${option}${issue.message}`;
    });
    return { name, error: shortened(problems.join('; '), 800) };
  }
  try {
    for (const target of [result.data.out, result.data.png, result.data.latents]) checkFolder(target);
  } catch (error) {
    return { name, error: error instanceof Error ? error.message : String(error) };
  }
  return { name, job: result.data };
}

/** Before minutes are spent on a video that could not be written. Folders that are missing are made when it is. */
function checkFolder(target: string | undefined): void {
  if (target === undefined) return;
  let folder = path.dirname(path.resolve(target));
  while (!existsSync(folder)) folder = path.dirname(folder);
  if (!statSync(folder).isDirectory()) throw new Error(`${target} cannot be written: ${folder} is not a folder.`);
}
