/**
 * Keeps the page itself for visits without a network. The shell is stored when a version is installed; onnxruntime's wasm when
 * it is first used, for a visitor needs one of three builds. Models never pass through here: they are in IndexedDB.
 * A new version waits until a tab asks for it, so that a running job keeps the files that it began with.
 */
import { ExpirationPlugin } from 'workbox-expiration';
import { cleanupOutdatedCaches, type PrecacheEntry, precacheAndRoute } from 'workbox-precaching';
import { registerRoute } from 'workbox-routing';
import { CacheFirst } from 'workbox-strategies';

declare const self: ServiceWorkerGlobalScope;
/** Put before this file by scripts/build/service-worker-plugin.ts. */
declare const shellFiles: PrecacheEntry[];

cleanupOutdatedCaches();
precacheAndRoute(shellFiles, { ignoreURLParametersMatching: [/.*/] });

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && /\/assets\/[^/]+\.wasm$/.test(url.pathname),
  // the names change with the content; the builds of an older version go when newer ones come
  new CacheFirst({ cacheName: 'runtime', plugins: [new ExpirationPlugin({ maxEntries: 3 })] }),
);

self.addEventListener('message', ({ data }) => {
  if (data?.type === 'SKIP_WAITING') void self.skipWaiting();
});

// the first visit already stores what it uses
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
