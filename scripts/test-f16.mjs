// npm run test:f16: half precision on WebGPU, which the adapter of the other tests lacks. With --networks, as in npm test, only
// the networks against PyTorch, and a missing browser is not a failure.
import { chromiumF16 } from './chromium-f16/browser.mjs';
import { installPackages, run } from './install.mjs';

process.chdir(new URL('..', import.meta.url).pathname);
installPackages();
const networksOnly = process.argv.includes('--networks');
const browser = chromiumF16();
if ('path' in browser) {
  Object.assign(process.env, { KINORA_CHROMIUM: browser.path, KINORA_CHROMIUM_F16: browser.path });
  const files = networksOnly ? ['src/engine/networks'] : ['src/engine/networks', 'src/engine/running'];
  run('npx', 'vitest', 'run', '--project', 'browser', ...files, '-t', 'float16');
  if (networksOnly) {
    console.log('LEFT OUT: whole videos in half precision, which npm run test:f16 makes.');
  } else {
    run('npx', 'vite', 'build');
    run('npx', 'playwright', 'test', 'e2e/half-precision.spec.ts');
  }
} else {
  console.log(`LEFT OUT: half precision on WebGPU, for there is no Chromium with shader-f16: ${browser.reason}.`);
  if (!networksOnly) process.exitCode = 1;
}
