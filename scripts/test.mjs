// npm test: installs what is missing, then everything that decides whether a change is good.
import { spawn } from 'node:child_process';
import { installPackages, run } from './install.mjs';

process.chdir(new URL('..', import.meta.url).pathname);
installPackages();
const { findChromium } = await import('./chromium.mjs');
if (!findChromium()) installChromium();

// side by side: the tests of each lane often wait, for timeouts to end and pages to open
const lanes = [
  [
    'node scripts/check.mjs',
    'npx vitest run',
    'npm run fuzz -- --minutes 0.5 --seed 1',
    'node scripts/test-f16.mjs --networks',
  ],
  ['npx vite build', 'npm run build:library', 'npx playwright test'],
];
const failed = (await Promise.all(lanes.map(runLane))).flat();
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs one command after the other up to the first that fails, which is returned. */
async function runLane(commands) {
  for (const command of commands) {
    console.log(`▶ ${command}`);
    const start = Date.now();
    const { code, output } = await outcomeOf(command);
    const seconds = Math.round((Date.now() - start) / 1000);
    console.log(`${output}${code === 0 ? '✔' : '✘'} ${command} (${seconds} s)`);
    if (code !== 0) return [command];
  }
  return [];
}

/** What a command prints is kept until it ends, so that the lanes' lines do not mix. */
function outcomeOf(command) {
  const [program, ...args] = command.split(' ');
  const child = spawn(program, args);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(data));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: Buffer.concat(output).toString() }));
  });
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
