// Installs node_modules if it is missing or older than package-lock.json.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

export const run = (command, ...args) => execFileSync(command, args, { stdio: 'inherit' });

export function installPackages() {
  const marker = 'node_modules/.package-lock.json';
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync('package-lock.json').mtimeMs) return;
  run('npm', 'ci');
}
