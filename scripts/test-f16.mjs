// npm run test:f16: what float16 computes on WebGPU, which the adapter of the other tests cannot. `--where-possible`: no browser, no error.
import { chromiumF16 } from './chromium-f16/browser.mjs';
import { installPackages, run } from './install.mjs';

process.chdir(new URL('..', import.meta.url).pathname);
installPackages();
const browser = chromiumF16();
if ('path' in browser) {
  Object.assign(process.env, { KINORA_CHROMIUM: browser.path, KINORA_CHROMIUM_F16: browser.path });
  const vitest = [
    'vitest',
    'run',
    '--project',
    'browser',
    'src/engine/networks',
    'src/engine/running',
    '-t',
    'float16',
  ];
  run('npx', ...vitest);
  run('npx', 'vite', 'build');
  run('npx', 'playwright', 'test', 'e2e/half-precision.spec.ts');
} else {
  console.log(`LEFT OUT: the tests of float16, for there is no Chromium with shader-f16: ${browser.reason}.`);
  if (!process.argv.includes('--where-possible')) process.exitCode = 1;
}
