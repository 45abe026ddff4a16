import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCommandLine } from './options';

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

const out = path.join(folder, 'red.mp4');

function only(...args: string[]) {
  const lines = parseCommandLine(args)?.lines ?? [];
  expect(lines).toHaveLength(1);
  return lines[0];
}

test('reads every option', () => {
  const line = only(
    ...[
      '--prompt',
      'a red circle',
      '--negative',
      'blurry',
      '--model',
      '../model',
      '--decoder',
      '../taesd',
      '--seed',
      '7',
      '--steps',
      '12',
    ],
    ...['--guidance', '7.5', '--frames', '4', '--width', '128', '--height', '64', '--fps', '12', '--scheduler', 'ddim'],
    ...[
      '--eta',
      '0.5',
      '--device',
      'wasm',
      '--dtype',
      'f32',
      '--out',
      out,
      '--png',
      folder,
      '--latents',
      path.join(folder, 'l.npy'),
    ],
  );
  expect(line).toEqual({
    name: '',
    job: {
      parameters: {
        ...{ prompt: 'a red circle', negativePrompt: 'blurry', seed: 7, numInferenceSteps: 12, guidanceScale: 7.5 },
        ...{ numFrames: 4, width: 128, height: 64, fps: 12, scheduler: 'DDIMScheduler', eta: 0.5 },
      },
      ...{ model: '../model', decoder: '../taesd', device: 'wasm', dtype: 'f32' },
      ...{ out, png: folder, latents: path.join(folder, 'l.npy') },
    },
  });
});

test('leaves to the checkpoint what is not said', () => {
  expect(only('--prompt', 'x', '--out', out)).toEqual({
    name: '',
    job: { parameters: { prompt: 'x' }, out },
  });
});

describe('adapters', () => {
  const plain = ['--prompt', 'x', '--out', out];
  const loras = (...args: string[]) => {
    const line = only(...plain, ...args);
    return line && 'job' in line ? line.job.lora : line?.error;
  };

  test('have the scale that follows them', () => {
    expect(
      loras('--lora', 'a', '--lora-scale', '0.5', '--steps', '4', '--lora=b', '--lora', 'c', '--lora-scale=-1'),
    ).toEqual([
      { where: 'a', scale: 0.5 },
      { where: 'b', scale: 1 },
      { where: 'c', scale: -1 },
    ]);
    expect(() => loras('--lora-scale', '1', '--lora', 'a')).toThrow('--lora-scale belongs behind the --lora');
    expect(() => loras('--lora', 'a', '--lora-scale', 'x')).toThrow('--lora-scale: "x" is no number');
    expect(loras('--lora', '')).toContain('--lora');
  });

  test('of a line take the place of those of the command line', () => {
    const lines = [{}, { lora: 'b' }, { lora: [{ where: 'c', scale: 2 }, 'd'] }, { lora: [] }, { lora: 7 }];
    const batch = path.join(folder, 'adapters.jsonl');
    writeFileSync(
      batch,
      lines.map((line, i) => JSON.stringify({ ...line, png: path.join(folder, `${i}`) })).join('\n'),
    );
    const parsed = parseCommandLine(['--prompt', 'x', '--lora', 'a', '--batch', batch])?.lines ?? [];
    expect(parsed.map((line) => ('job' in line ? line.job.lora : line.error))).toEqual([
      [{ where: 'a', scale: 1 }],
      [{ where: 'b', scale: 1 }],
      [
        { where: 'c', scale: 2 },
        { where: 'd', scale: 1 },
      ],
      [],
      '--lora: must be WHERE, { where, scale }, or a list of them',
    ]);
  });
});

test('prints help, and nothing else', () => {
  expect(parseCommandLine(['--help', '--prompt', 'x'])).toBeUndefined();
});

describe('refuses', () => {
  test.for([
    ['no prompt', ['--out', out], /--prompt/],
    ['no output', ['--prompt', 'x'], /--out, --png and --latents/],
    ['a seed with a fraction', ['--prompt', 'x', '--out', out, '--seed', '1.5'], /--seed/],
    ['a seed beyond 2^53', ['--prompt', 'x', '--out', out, '--seed', '9007199254740993'], /--seed/],
    ['words for numbers', ['--prompt', 'x', '--out', out, '--steps', 'many'], /--steps: must be a number/],
    ['no steps', ['--prompt', 'x', '--out', out, '--steps', '0'], /--steps/],
    ['another device', ['--prompt', 'x', '--out', out, '--device', 'cuda'], /--device/],
    ['another scheduler', ['--prompt', 'x', '--out', out, '--scheduler', 'euler'], /--scheduler: .*DDIMScheduler/],
    ['noise beyond all of it', ['--prompt', 'x', '--out', out, '--eta', '1.5'], /--eta/],
    ['a scheduler that could be either', ['--prompt', 'x', '--out', out, '--scheduler', 'd'], /--scheduler/],
    [
      'a file where a folder is needed',
      ['--prompt', 'x', '--out', path.join(import.meta.filename, 'red.mp4')],
      /not a folder/,
    ],
  ] as const)('%s', ([, args, message]) => {
    expect(only(...args)).toMatchObject({ error: expect.stringMatching(message) });
  });

  test('an option that does not exist', () => {
    expect(() => parseCommandLine(['--promt', 'x'])).toThrow(/--promt/);
  });
});

describe('a batch', () => {
  function batch(text: string, ...args: string[]) {
    const file = path.join(folder, 'batch.jsonl');
    writeFileSync(file, text);
    return parseCommandLine([...args, '--batch', file])?.lines.map((line) => ({
      ...line,
      name: line.name.replace(file, ''),
    }));
  }

  test('takes from the command line what a line does not say', () => {
    const lines = batch(
      `{"prompt": "a", "out": "${folder}/a.mp4"}\n\n{"prompt": "b", "steps": 3, "seed": "5", "out": "${folder}/b.mp4"}\n`,
      ...['--steps', '9'],
    );
    expect(lines).toMatchObject([
      { name: ':1', job: { parameters: { prompt: 'a', numInferenceSteps: 9 } } },
      { name: ':3', job: { parameters: { prompt: 'b', numInferenceSteps: 3, seed: 5 } } },
    ]);
  });

  test('keeps good lines beside bad ones', () => {
    const lines = batch(
      [
        '{"prompt": "a"',
        '["a"]',
        `{"prompt": "a", "promt": "b", "out": "${folder}/a.mp4"}`,
        `{"prompt": "c", "out": "${folder}/c.mp4"}`,
        `{"prompt": "d", "out": "${folder}/../${path.basename(folder)}/c.mp4"}`,
        `{"prompt": "e", "out": {"length": ${'['.repeat(1e5)}${']'.repeat(1e5)}}}`,
        `{"prompt": "f", "${'x'.repeat(1e5)}": 1}`,
      ].join('\n'),
    );
    expect(lines).toMatchObject([
      { name: ':1', error: expect.stringContaining('not valid JSON') },
      { name: ':2', error: expect.stringContaining('JSON object') },
      { name: ':3', error: expect.stringContaining('promt') },
      { name: ':4', job: { parameters: { prompt: 'c' } } },
      { name: ':5', error: expect.stringMatching(/already written by .*:4/) },
      { name: ':6', error: expect.stringContaining('--out') },
      { name: ':7', error: expect.stringMatching(/^.{50,1000}$/) },
    ]);
  });

  test('that is empty is an error', () => {
    expect(() => batch('\n')).toThrow(/is empty/);
  });
});
