import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { licencesPage, packageFolder, readPackage } from './licences';

it.each([
  ['/app/node_modules/react/index.js', '/app/node_modules/react'],
  ['/app/node_modules/@scope/name/dist/a.wasm?url', '/app/node_modules/@scope/name'],
  ['/app/node_modules/outer/node_modules/inner/a.js', '/app/node_modules/outer/node_modules/inner'],
  ['C:\\app\\node_modules\\react\\index.js', 'C:/app/node_modules/react'],
  ['/app/src/main.tsx', undefined],
  ['\0vite/preload-helper.js', undefined],
])('%s belongs to %s', (id, folder) => {
  expect(packageFolder(id)).toBe(folder);
});

const nodeModules = path.resolve(import.meta.dirname, '../../node_modules');

it.each([
  ['react', 'MIT', 'Meta Platforms'],
  ['onnxruntime-web', 'MIT', 'Copyright (c) Microsoft Corporation'],
  ['@bufbuild/protobuf', '(Apache-2.0 AND BSD-3-Clause)', 'Neither the name of Google'],
])('%s: its licence and the text', (name, licence, words) => {
  const found = readPackage(path.join(nodeModules, name));
  expect(found).toMatchObject({ name, licence });
  expect(found.text).toContain(words);
});

it('refuses a package without a text', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kinora-licence-'));
  try {
    writeFileSync(path.join(folder, 'package.json'), '{"name":"bare","version":"1.0.0","license":"MIT"}');
    expect(() => readPackage(folder)).toThrow('bare 1.0.0 (MIT) brings no licence text');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('shows names and texts as text', () => {
  const page = licencesPage([{ name: 'a<b', version: '1', licence: 'MIT', text: '<script>&' }]);
  expect(page).toContain('a&lt;b 1, MIT');
  expect(page).toContain('<pre>&lt;script&gt;&amp;</pre>');
});
