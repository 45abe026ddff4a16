import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { weigh } from './size-plugin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kinora-sizes-'));
  mkdirSync(path.join(folder, 'assets'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Incompressible bytes. */
function noise(bytes: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: bytes }, () => {
    state = (state * 48271) % 2147483647;
    return state >> 8;
  });
}

function build(start: number, others: Record<string, number> = {}): void {
  const html = '<script type="module" src="./assets/a.js"></script><link rel="modulepreload" href="./assets/b.js">';
  writeFileSync(path.join(folder, 'index.html'), html);
  writeFileSync(path.join(folder, 'assets/a.js'), noise(start));
  writeFileSync(path.join(folder, 'assets/b.js'), '');
  for (const [name, bytes] of Object.entries(others)) {
    writeFileSync(path.join(folder, 'assets', name), new Uint8Array(bytes));
  }
}

it('accepts what is within the budgets, and the runtime for browsers without JSPI', () => {
  build(100_000, { 'later.js': 1e6, 'ort.asyncify-x.wasm': 27e6 });
  const { words, failures } = weigh(folder);
  expect(failures).toEqual([]);
  expect(words).toMatch(/^5 files, 26\.8 MiB; 98 of 150 KiB/);
});

it('refuses too much JavaScript at the start, and files that hosts refuse', () => {
  build(160_000, { 'ort.jspi-x.wasm': 27e6 });
  expect(weigh(folder).failures).toEqual([
    expect.stringContaining('assets/ort.jspi-x.wasm is 25.7 MiB'),
    expect.stringContaining('157 KiB of JavaScript'),
  ]);
});

it('notices when it does not find the scripts', () => {
  build(10);
  writeFileSync(path.join(folder, 'index.html'), '<script src="/assets/a.js"></script>');
  expect(weigh(folder).failures).toEqual(['index.html starts no script.']);
});
