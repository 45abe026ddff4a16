import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { lockProblems } from './dependencies.mjs';

const integrity = 'sha512-abc';

it('accepts the packages of this project', () => {
  const lock = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../package-lock.json'), 'utf8'));
  expect(Object.keys(lock.packages).length).toBeGreaterThan(50);
  expect(lockProblems(lock)).toEqual([]);
});

it('names packages without a hash, and those under a licence that is not on the list', () => {
  const packages = {
    '': {},
    'node_modules/good': { integrity, license: '(Apache-2.0 AND BSD-3-Clause)' },
    'node_modules/tool': { integrity, license: 'MPL-2.0', dev: true },
    'node_modules/copyleft': { integrity, license: '(MIT AND GPL-3.0)' },
    'node_modules/silent': { integrity },
    'node_modules/unhashed': { license: 'MIT', dev: true },
  };
  expect(lockProblems({ packages })).toEqual([
    'node_modules/copyleft is under GPL-3.0, which is not on the list.',
    'node_modules/silent is under none, which is not on the list.',
    'node_modules/unhashed has no sha512 integrity hash.',
  ]);
});

it('names the platforms whose packages are left out', () => {
  const optionalDependencies = { '@tool/linux': '1.0.0', '@tool/darwin': '1.0.0', '@tool/win32': '1.0.0' };
  const packages = {
    'node_modules/tool': { integrity, dev: true, optionalDependencies },
    'node_modules/@tool/linux': { integrity, dev: true },
  };
  expect(lockProblems({ packages })).toEqual(['node_modules/tool has no entry for @tool/darwin, @tool/win32.']);
});
