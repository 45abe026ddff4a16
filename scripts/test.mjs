// npm test: installs what is missing, then everything that decides whether a change is good.
import { installPackages, run } from './install.mjs';

process.chdir(new URL('..', import.meta.url).pathname);
installPackages();
const { findChromium } = await import('./chromium.mjs');
if (!findChromium()) installChromium();

run('node', 'scripts/check.mjs');
run('npx', 'vitest', 'run');
run('npm', 'run', 'fuzz', '--', '--minutes', '0.5', '--seed', '1');
run('npx', 'vite', 'build');
run('npm', 'run', 'build:library');
run('npx', 'playwright', 'test');
run('node', 'scripts/test-f16.mjs', '--networks');

/** Debian's Chromium where apt can be used, else Playwright's own build. */
function installChromium() {
  try {
    run('apt-get', 'update');
    run('apt-get', 'install', '-y', 'chromium');
  } catch {
    run('npx', 'playwright', 'install', '--with-deps', 'chromium');
  }
}
