// npm run check: types, lint, format, import directions, dead code, one onnxruntime-web.
import { readFileSync } from 'node:fs';
import { run } from './install.mjs';

for (const realm of ['page', 'worker', 'node']) run('npx', 'tsc', '-p', `tsconfig.${realm}.json`);
run('npx', 'biome', 'check', '--error-on-warnings', '.');
run('npx', 'knip', '--max-issues', '0');

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const copies = Object.keys(lock.packages).filter((path) => /(^|\/)node_modules\/onnxruntime-web$/.test(path));
if (copies.length !== 1)
  throw new Error(`The tree holds ${copies.length} copies of onnxruntime-web: ${copies.join(', ')}`);
const pinned = JSON.parse(readFileSync('node_modules/@huggingface/transformers/package.json', 'utf8')).dependencies[
  'onnxruntime-web'
];
const own = JSON.parse(readFileSync('package.json', 'utf8')).dependencies['onnxruntime-web'];
if (own !== pinned)
  throw new Error(`package.json asks for onnxruntime-web ${own}, @huggingface/transformers for ${pinned}.`);
