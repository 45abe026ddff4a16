/** Options of `npm run generate`, from the command line and from the lines of a batch. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { shippedModel } from '../src/catalogue/models';
import { type ParameterName, parameterNames, parameters } from '../src/engine/parameters';
import { type Parameter, type ParameterKind, takes } from '../src/engine/parameters/kinds';
import { areParameters, type GenerationParameters, problemsOf, readersOf } from '../src/engine/parameters/values';
import { shortened } from '../src/shared/quote';
import { adapterOptions, adaptersOf, adaptersSchema, adapterUsage } from './adapters';

const indent = ' '.repeat(22);

/** An entry of `--help`, wrapped at 118 columns. */
function described(option: string, text: string): string {
  const lines = [`  ${option}`.padEnd(indent.length)];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length > 118) lines.push(`${indent}${word} `);
    else lines[lines.length - 1] = `${line}${word} `;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

const placeholders: Record<ParameterKind, string> = { text: 'TEXT', number: 'N', choice: 'NAME' };

function helpFor(name: ParameterName): string {
  const parameter = parameters[name];
  const readers = readersOf(name).map(({ className }) => className);
  const facts = [
    ...(parameter.kind === 'number' ? [takes(parameter)] : []),
    ...(readers.length > 0 ? [`only for ${readers.join(', ')}`] : []),
    ...leftOut(name),
  ];
  const text = facts.length > 0 ? `${parameter.help} (${facts.join('; ')})` : parameter.help;
  const lines = [described(`--${parameter.flag} ${placeholders[parameter.kind]}`, text)];
  if (parameter.kind === 'choice') {
    lines.push(...parameter.choices.map(({ value, help }) => `${indent}${value}: ${help}`));
    lines.push(`${indent}or the start of one of these names`);
  }
  return lines.join('\n');
}

/** The value used if an option is left out, for `--help`. */
function leftOut(name: ParameterName): string[] {
  if (name === 'seed') return ['a new one each time'];
  const { ofCheckpoint, default: usual } = parameters[name];
  if (ofCheckpoint) return ['the model’s own'];
  if (usual === undefined || usual === '') return [];
  const shipped = shippedModel.recommended[name] ?? usual;
  return [shipped === usual ? String(usual) : `${shipped} for the shipped model, else ${usual}`];
}

export const usage = `Makes videos from prompts, in a headless Chromium.

  npm run generate -- --prompt "a red circle moving right on a blue background" --out red.mp4

What to make
${parameterNames.map(helpFor).join('\n')}

How to make it
  --model WHERE       folder or address of a diffusers checkpoint, or its owner/name on the Hugging Face hub (the one that
                      ships with the page)
  --decoder WHERE     the same of an AutoencoderTiny, which decodes in place of the model’s VAE: much less work, a little
                      less detail (none)
${adapterUsage}
  --device NAME       webgpu or wasm (webgpu where there is a GPU)
  --dtype NAME        f16 or f32 (what the device can do)

What to write (at least one)
  --out FILE          the video, .mp4
  --png DIR           the frames, lossless: DIR/000.png and so on
  --latents FILE      the final latents, .npy, float32
  --report FILE       times and memory, .json (in addition to one of the others)

Other options
  --batch FILE        one JSON object per line with these options, all in one browser; options on the command line
                      apply to every line that does not override them
  --browser PATH      the Chromium to use (the machine's, else Playwright's)
  --profile DIR       where the browser keeps what it downloads (a folder in your cache; models in folders on this machine
                      are read again every time unless you name one)
  --help
`;

/** Not z.min, which compares the `length` of any value, and overflows the stack for deeply nested lists. */
const filled = z.string().refine((text) => text !== '', 'must not be empty');

/** What is no parameter of the video. */
const jobSchema = z
  .strictObject({
    model: filled.optional(),
    decoder: filled.optional(),
    lora: adaptersSchema,
    device: z.enum(['webgpu', 'wasm']).optional(),
    dtype: z.enum(['f16', 'f32']).optional(),
    out: filled.optional(),
    png: filled.optional(),
    latents: filled.optional(),
  })
  .refine(({ out, png, latents }) => out ?? png ?? latents, 'Name at least one of --out, --png and --latents.');

/** One video: what to make and which files to write. */
export interface Job extends z.infer<typeof jobSchema> {
  parameters: GenerationParameters;
}

/** A job, or why there is none. */
export type Line = { name: string; job: Job } | { name: string; error: string };

export interface CommandLine {
  lines: Line[];
  report?: string;
  browser?: string;
  profile?: string;
}

const flags = new Map(parameterNames.map((name) => [parameters[name].flag, name]));

const options = {
  ...Object.fromEntries(
    [...flags.keys(), ...Object.keys(jobSchema.shape)].map((name) => [name, { type: 'string' }] as const),
  ),
  ...adapterOptions,
  batch: { type: 'string' },
  report: { type: 'string' },
  browser: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line, and the batch file it names. An invalid line of a batch stays in the list with its error.
 * @returns undefined if help is requested
 * @throws Error saying which option is wrong
 */
export function parseCommandLine(args: string[]): CommandLine | undefined {
  const { values, tokens } = parseArgs({ args, options, strict: true, tokens: true });
  const { batch, report, browser, profile, help, lora: _, 'lora-scale': _scale, ...rest } = values;
  if (help) return undefined;
  const lora = adaptersOf(tokens);
  const shared = lora ? { ...rest, lora } : rest;
  checkFolder(report);
  const lines = batch === undefined ? [parseJob('', shared)] : readBatch(batch, shared);
  return { lines, report, browser, profile };
}

function readBatch(batch: string, shared: object): Line[] {
  const texts = readFileSync(batch, 'utf8').split('\n');
  const lines = texts.flatMap((text, i) => (text.trim() ? [parseLine(`${batch}:${i + 1}`, text, shared)] : []));
  if (lines.length === 0) throw new Error(`${batch} is empty.`);
  // the second of two videos with the same name would overwrite the first
  const seen = new Map<string, string>();
  return lines.map((line) => {
    if ('error' in line) return line;
    for (const target of [line.job.out, line.job.png, line.job.latents]) {
      if (target === undefined) continue;
      const taken = seen.get(path.resolve(target));
      if (taken) return { name: line.name, error: `${target} is already written by ${taken}.` };
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
    return { name, error: `This is not valid JSON (${error instanceof Error ? error.message : error}).` };
  }
  const object = z.record(z.string(), z.unknown()).safeParse(values);
  if (!object.success) return { name, error: 'Each line must be a JSON object.' };
  return parseJob(name, { ...shared, ...object.data });
}

function parseJob(name: string, values: object): Line {
  const given: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [flag, value] of Object.entries(values)) {
    const parameter = flags.get(flag);
    if (parameter) given[parameter] = fromText(parameters[parameter], value);
    else rest[flag] = value;
  }
  const result = jobSchema.safeParse(rest);
  if (!result.success || !areParameters(given)) {
    const problems = problemsOf(given).map((one) => `--${parameters[one.name].flag}: ${one.problem}`);
    for (const issue of result.error?.issues ?? []) {
      const option = issue.path.length > 0 ? `--${issue.path.join('.')}: ` : '';
      problems.push(`${option}${issue.message}`);
    }
    return { name, error: shortened(problems.join('; '), 800) };
  }
  try {
    for (const target of [result.data.out, result.data.png, result.data.latents]) checkFolder(target);
  } catch (error) {
    return { name, error: error instanceof Error ? error.message : String(error) };
  }
  return { name, job: { ...result.data, parameters: given } };
}

/** From the command line come a number's digits, and how a choice begins; a line of a batch may have the number itself. */
function fromText(parameter: Parameter, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (parameter.kind === 'number') return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (parameter.kind === 'text') return value;
  const wanted = value.toLowerCase();
  const [choice, ...more] = parameter.choices.filter((one) => one.value.toLowerCase().startsWith(wanted));
  return choice && more.length === 0 ? choice.value : value;
}

/** Checked before minutes are spent on a video that could not be written. Missing folders are created when it is. */
function checkFolder(target: string | undefined): void {
  if (target === undefined) return;
  let folder = path.dirname(path.resolve(target));
  while (!existsSync(folder)) folder = path.dirname(folder);
  if (!statSync(folder).isDirectory()) throw new Error(`${target} cannot be written: ${folder} is not a folder.`);
}
