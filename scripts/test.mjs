// npm test: installs what is missing, then everything that decides whether a change is good.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { installPackages, run } from './install.mjs';

process.chdir(new URL('..', import.meta.url).pathname);
installPackages();
const { findChromium } = await import('./chromium.mjs');
if (!findChromium()) installChromium();

const fuzz = 'npm run fuzz -- --minutes 0.5 --seed 1';
/** Browser tests that mostly wait: for servers that say nothing, and for pauses to end. */
const waiting = ['src/checkpoint', 'src/client', 'src/storage'];
// side by side: each lane waits a good part of its time
const lanes = [
  [
    'node scripts/check.mjs',
    'npx vitest run --project node',
    `npx vitest run --project browser ${waiting.join(' ')}`,
    fuzz,
  ],
  [
    `npx vitest run --project browser ${waiting.map((folder) => `--exclude ${folder}/**`).join(' ')}`,
    'node scripts/test-f16.mjs --networks',
  ],
  ['npx vite build', 'npm run build:library', 'npx playwright test'],
];
const failed = (await Promise.all(lanes.map(runLane))).flat();
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs one command after the other up to the first that fails, which is returned. Its lines begin with the number of the lane. */
async function runLane(commands, lane) {
  const say = (line) => console.log(`${lane}│ ${line}`);
  for (const command of commands) {
    say(`▶ ${command}`);
    const start = Date.now();
    const [program, ...args] = command.split(' ');
    const child = spawn(program, args, { env: { ...process.env, VITE_CACHE_DIR: `node_modules/.vite-lane-${lane}` } });
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', say);
    const [code] = await once(child, 'close');
    say(`${code === 0 ? '✔' : '✘'} ${command} (${Math.round((Date.now() - start) / 1000)} s)`);
    if (code !== 0) return [command];
  }
  return [];
}

/** Debian's Chromium if apt can be used, otherwise Playwright's own build. */
function installChromium() {
  try {
    run('apt-get', 'update');
    run('apt-get', 'install', '-y', 'chromium');
  } catch {
    run('npx', 'playwright', 'install', '--with-deps', 'chromium');
  }
}
