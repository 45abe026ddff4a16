import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

const listName = 'SHA256SUMS';

/** Writes SHA256SUMS into the built folder. Must be the last plugin: files written later are not listed. */
export function checksumsPlugin(): Plugin {
  let folder = '';
  return {
    name: 'kinora-checksums',
    apply: 'build',
    configResolved({ root, build }) {
      folder = path.resolve(root, build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        writeFileSync(path.join(folder, listName), checksums(folder));
      },
    },
  };
}

/** Every file of the folder except the list itself, in the format of `sha256sum -c`. Exported for its test. */
export function checksums(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== listName && statSync(path.join(folder, name)).isFile())
    .map((name) => name.replaceAll(path.sep, '/'))
    .sort()
    .map((name) => {
      const hash = createHash('sha256').update(readFileSync(path.join(folder, name)));
      return `${hash.digest('hex')}  ${name}\n`;
    })
    .join('');
}
