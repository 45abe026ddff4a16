import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type ParameterName, parameterNames, parameters } from '../src/engine/parameters';
import { takes } from '../src/engine/parameters/kinds';
import { readersOf } from '../src/engine/parameters/values';
import { schedulerDescriptions } from '../src/engine/schedulers/descriptions';
import { errorCodes } from '../src/shared/errors';

it('docs/troubleshooting.md has a chapter for every error code, in their order, and no other', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../docs/troubleshooting.md'), 'utf8');
  const codes = text.slice(text.indexOf('## Codes'));
  const chapters = codes.split(/^### /m).slice(1);
  expect(chapters.map((chapter) => chapter.split('\n')[0])).toEqual([...errorCodes]);
  for (const chapter of chapters) expect(chapter.trim()).toMatch(/\n\S/);
});

it('docs/architecture.md names files that are there', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../docs/architecture.md'), 'utf8');
  const named = [...text.matchAll(/`([\w./-]+\.(?:tsx?|mjs|py))`/g)].map((match) => `/${match[1]}`);
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  }).split('\n');
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((name) => !files.some((file) => `/${file}`.endsWith(name)))).toEqual([]);
});

it('docs/settings.md has a line for every parameter, in their order, and no other', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../docs/settings.md'), 'utf8');
  const [chapter = ''] = text.split(/^## /m);
  const lines = chapter.split('\n').filter((line) => line.includes(' | `--'));
  expect(lines).toEqual(parameterNames.map(lineOf));
});

function lineOf(name: ParameterName): string {
  const parameter = parameters[name];
  const { label, flag, ofCheckpoint, default: usual, help, cost = 'nothing' } = parameter;
  const readers = readersOf(name).map((reader) => reader.label);
  const only = readers.length > 0 ? ` Only for ${readers.join(', ')}.` : '';
  const fallback = usual === undefined ? 'must be given' : String(usual) || 'none';
  const otherwise = ofCheckpoint ? `the model’s own, or ${fallback}` : fallback;
  return `| ${[label, `\`--${flag}\``, takes(parameter), otherwise, help + only, cost].join(' | ')} |`;
}

it('docs/settings.md has a line for every scheduler, in their order, and no other', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../docs/settings.md'), 'utf8');
  const chapter = text.split(/^## /m).find((part) => part.startsWith('Schedulers\n')) ?? '';
  const lines = chapter.split('\n').filter((line) => line.includes('Scheduler` |'));
  expect(lines).toEqual(
    schedulerDescriptions.map(({ label, className, when }) => `| ${label} | \`${className}\` | ${when} |`),
  );
});
