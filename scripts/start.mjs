// npm start: installs, builds, serves, prints the address. Node's own modules only, until the packages are there.
import { installPackages, run } from './install.mjs';

process.chdir(new URL('..', import.meta.url).pathname);
installPackages();
run('npx', 'vite', 'build');
const { preview } = await import('vite');
const server = await preview();
console.log('\nKinora is served at');
server.printUrls();
