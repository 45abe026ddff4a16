import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { generationPolicy, generationWorker, headers } from './headers';

const nginx = readFileSync(path.resolve(import.meta.dirname, '../../hosting/nginx.conf'), 'utf8');
const { 'Content-Security-Policy': policy, ...others } = headers;

it.each(Object.entries(others))('the nginx configuration sends %s', (name, value) => {
  expect(nginx).toContain(`add_header ${name} "${value}" always;`);
});

it('the nginx configuration sends the policies', () => {
  expect(nginx).toContain(`default "${policy}";`);
  expect(nginx).toContain(`~/${generationWorker} "${generationPolicy}";`);
  expect(nginx).toContain('add_header Content-Security-Policy $kinora_policy always;');
});
