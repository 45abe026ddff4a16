// npm run check: types, lint, format, import directions, dead code, one onnxruntime-web, dependencies.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lockProblems } from './dependencies.mjs';
import { run } from './install.mjs';
import { roomProblems } from './rooms.mjs';

for (const realm of ['page', 'worker', 'node']) run('npx', 'tsc', '-p', `tsconfig.${realm}.json`);
run('npx', 'biome', 'check', '--error-on-warnings', '.');
run('npx', 'knip', '--max-issues', '0');
const walls = roomProblems();
if (walls.length > 0) throw new Error(`Imports:\n${walls.join('\n')}`);

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

const problems = lockProblems(lock);
if (problems.length > 0) throw new Error(`package-lock.json:\n${problems.join('\n')}`);
reportAdvisories();

/** Known vulnerabilities in what visitors run. Only reported, because it needs the registry, which may be unreachable. */
function reportAdvisories() {
  const audit = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=5000'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  let total;
  try {
    total = JSON.parse(audit.stdout).metadata.vulnerabilities.total;
  } catch {
    console.log('npm audit: no answer, so nothing is known of advisories.');
    return;
  }
  console.log(
    total === 0 ? 'npm audit: no advisories.' : `npm audit: ${total} packages with advisories; see npm audit.`,
  );
}
