import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const KiB = 1024;
const MiB = 1024 * KiB;
/** JavaScript that is fetched before the page can be used, compressed. */
const startBudget = 150 * KiB;
/** The largest file that common hosts accept. */
const fileBudget = 25 * MiB;
/** Only for browsers without JSPI; a host that refuses it can do without it (docs/hosting.md). */
const mayBeLarger = /asyncify.*\.wasm$/;

/** Reports the size of the built folder, and fails if it exceeds the budgets. */
export function sizePlugin(): Plugin {
  let folder = '';
  return {
    name: 'kinora-sizes',
    apply: 'build',
    configResolved({ root, build }) {
      folder = path.resolve(root, build.outDir);
    },
    closeBundle: {
      order: 'post',
      handler() {
        const report = weigh(folder);
        this.info(report.words);
        if (report.failures.length > 0) this.error(report.failures.join('\n'));
      },
    },
  };
}

/** Exported for its test. */
export function weigh(folder: string): { words: string; failures: string[] } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => ({ name, bytes: statSync(path.join(folder, name)) }))
    .filter(({ bytes }) => bytes.isFile())
    .map(({ name, bytes }) => ({ name, bytes: bytes.size }));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const html = readFileSync(path.join(folder, 'index.html'), 'utf8');
  const scripts = [...html.matchAll(/(?:src|href)="\.\/([^"]+\.js)"/g)].map(([, name]) => name ?? '');
  const start = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(path.join(folder, name))).length, 0);
  const failures = files
    .filter(({ name, bytes }) => bytes > fileBudget && !mayBeLarger.test(name))
    .map(({ name, bytes }) => `${name} is ${mebibytes(bytes)}, where hosts take ${mebibytes(fileBudget)}.`);
  if (scripts.length === 0) failures.push('index.html starts no script.');
  if (start > startBudget) {
    failures.push(
      `The page starts with ${Math.ceil(start / KiB)} KiB of JavaScript (gzip); the budget is ${startBudget / KiB} KiB.`,
    );
  }
  const words = `${files.length} files, ${mebibytes(total)}; ${Math.ceil(start / KiB)} of ${startBudget / KiB} KiB of JavaScript (gzip) before the page is usable`;
  return { words, failures };
}

function mebibytes(bytes: number): string {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
