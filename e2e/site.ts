/** A test's own copy of the built page on its own host, which can be replaced by another version. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestInfo } from '@playwright/test';
import { keptFiles, listOf } from '../scripts/build/service-worker-plugin';

/** @returns the folder of the copy */
export function copySite(info: TestInfo): string {
  const folder = info.outputPath('site');
  rmSync(folder, { recursive: true, force: true });
  cpSync(path.resolve(import.meta.dirname, '../dist'), folder, { recursive: true });
  return folder;
}

/**
 * Replaces the copy with version 2, like another build: the page says so in `data-version`, and the names of all scripts and
 * styles differ.
 * @returns names of the assets that are gone
 */
export function publishVersion2(folder: string): string[] {
  const assets = path.join(folder, 'assets');
  const names = readdirSync(assets).filter((name) => /\.(m?js|css)$/.test(name));
  const renamed = new Map(names.map((name) => [name, name.replace(/(\.m?js|\.css)$/, '-2$1')]));
  for (const [from, to] of renamed) renameSync(path.join(assets, from), path.join(assets, to));
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(m?js|css|html)$/.test(name),
  );
  for (const name of texts) {
    let text = readFileSync(path.join(folder, name), 'utf8').replace('<html', '<html data-version="2"');
    for (const [from, to] of renamed) text = text.replaceAll(from, to);
    writeFileSync(path.join(folder, name), text);
  }
  const worker = path.join(folder, 'service-worker.js');
  writeFileSync(
    worker,
    readFileSync(worker, 'utf8').replace(/^.*\n/, () => listOf(keptFiles(folder))),
  );
  return names;
}
