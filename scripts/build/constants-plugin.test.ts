import path from 'node:path';
import { build } from 'vite';
import { expect, it } from 'vitest';
import { schedulerDescriptions } from '../../src/engine/schedulers/descriptions';
import { constantsPlugin } from './constants-plugin';

const root = path.resolve(import.meta.dirname, '../..');
const descriptions = path.join(root, 'src/engine/schedulers/descriptions.ts');

async function bundle(entry: string, files: string[]): Promise<string> {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    plugins: [constantsPlugin(files)],
    build: { write: false, minify: false, lib: { entry: path.join(root, entry), formats: ['es'] } },
  });
  const [output] = Array.isArray(result) ? result : [];
  return output?.output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n') ?? '';
}

it('leaves the values of a module, and nothing of what they were computed from', async () => {
  const code = await bundle('src/engine/schedulers/descriptions.ts', [descriptions]);
  for (const { label, when } of schedulerDescriptions) {
    expect(code).toContain(JSON.stringify(label));
    expect(code).toContain(when);
  }
  expect(code).not.toMatch(/scaled_linear|zod/);
});

it('fails where nothing imports a module any more', async () => {
  await expect(bundle('src/shared/errors.ts', [descriptions])).rejects.toThrow(/Nothing imports .*descriptions/);
});
