/**
 * Keeps the page itself for visits without a network. The shell is stored when a version is installed; onnxruntime's wasm when it
 * is first used, since a visitor needs one of three builds. Models never pass through here: they are in IndexedDB.
 *
 * Some hosts answer with a page and status 200 if a file is missing, and so do networks that require a sign-in. Every file is
 * therefore checked by its hash when it is fetched, and stored only if correct. Other responses reach the page unchanged, so that
 * nothing works worse than without a service worker.
 *
 * A new version waits until a tab asks for it. It takes over in all tabs, and those opened with another version keep using it:
 * their files stay until no tab of the page is open.
 */
import { PrecacheController, type PrecacheEntry, PrecacheRoute } from 'workbox-precaching';
import { registerRoute, setCatchHandler } from 'workbox-routing';
import { cacheName, deleteFormerCaches } from '../src/shared/own-caches';

declare const self: ServiceWorkerGlobalScope;
/** Prepended to this file by scripts/build/service-worker-plugin.ts. */
declare const keptFiles: Record<'shell' | 'wasm', (PrecacheEntry & { integrity: string })[]>;

const { scope } = self.registration;

/** The HTTP cache may hold a wrong response too, for a year in assets, so the host is asked to revalidate it. */
const askHost = {
  requestWillFetch: async ({ request }: { request: Request }) =>
    request.cache === 'reload' ? request : new Request(request, { cache: 'no-cache' }),
};

/** A request with `reload`, which the engine makes after a failure, bypasses what is stored. */
const reloadOnRequest = {
  cachedResponseWillBeUsed: async ({ event, cachedResponse }: { event: ExtendableEvent; cachedResponse?: Response }) =>
    event instanceof FetchEvent && event.request.cache === 'reload' ? null : cachedResponse,
};

// before the routes, because later listeners do not see requests that a route answers
self.addEventListener('fetch', (event) => {
  if (event.request.mode === 'navigate') event.waitUntil(deleteFormerFiles(event));
});

const shell = new PrecacheController({ cacheName: cacheName('shell', scope), plugins: [askHost] });
shell.addToCacheList(keptFiles.shell);
self.addEventListener('install', (event) => shell.install(event));
registerRoute(new PrecacheRoute(shell, { ignoreURLParametersMatching: [/.*/] }));

// never installed: missing files on a list with hashes are stored when first fetched
const wasm = new PrecacheController({ cacheName: cacheName('wasm', scope), plugins: [askHost, reloadOnRequest] });
wasm.addToCacheList(keptFiles.wasm);
registerRoute(new PrecacheRoute(wasm));

// files of another version, for a tab that was opened with it
registerRoute(
  ({ url }) => url.href.startsWith(`${scope}assets/`),
  async ({ request }) => (await caches.match(request)) ?? fetch(request),
);

setCatchHandler(({ request }) => fetch(request));

/** Deletes what other versions have stored, unless a tab may still need it or a newer version is just storing it. */
async function deleteFormerFiles(event: ExtendableEvent): Promise<void> {
  const tabs = await self.clients.matchAll();
  const { installing, waiting } = self.registration;
  if (tabs.length > 0 || installing || waiting) return;
  await Promise.all([shell.activate(event), wasm.activate(event), deleteFormerCaches(scope)]);
}

self.addEventListener('message', ({ data }) => {
  if (data?.type === 'SKIP_WAITING') void self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  event.waitUntil(deleteFormerFiles(event));
  // so that the first visit already stores what it uses
  event.waitUntil(self.clients.claim());
});
