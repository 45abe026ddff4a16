/*
 * Removes Kinora's service worker for every visitor: replace service-worker.js with this file. See docs/hosting.md.
 * Open tabs reload. Models, settings and the caches of other apps on this origin stay.
 */
const { scope } = self.registration;

async function deleteCaches() {
  const names = [`kinora-shell-${scope}`, `kinora-wasm-${scope}`, `workbox-precache-v2-${scope}`];
  await Promise.all(names.map((name) => caches.delete(name)));
  // versions up to 0.1 used a name that other apps may use too
  if (!(await caches.has('runtime'))) return;
  const runtime = await caches.open('runtime');
  const requests = await runtime.keys();
  const own = requests.filter(({ url }) => url.startsWith(`${scope}assets/ort-wasm`));
  await Promise.all(own.map((request) => runtime.delete(request)));
  if (own.length === requests.length) await caches.delete('runtime');
}

async function leave() {
  await deleteCaches();
  await self.registration.unregister();
  // tabs only get rid of a service worker by reloading
  for (const tab of await self.clients.matchAll({ type: 'window' })) void tab.navigate(tab.url);
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(leave()));
