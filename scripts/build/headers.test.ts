import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { headers } from './headers';

it.each(Object.entries(headers))('the nginx configuration sends %s', (name, value) => {
  const file = readFileSync(path.resolve(import.meta.dirname, '../../hosting/nginx.conf'), 'utf8');
  expect(file).toContain(`add_header ${name} "${value}" always;`);
});
