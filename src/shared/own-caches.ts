/** The service worker's caches. Other apps of the same origin have caches too, which Kinora must not touch. */

/**
 * The cache's name, which contains the service worker's scope, since no other app of the origin can have the same.
 * @param kind `shell`: stored when a version is installed; `wasm`: onnxruntime, stored when it is first used
 */
export function cacheName(kind: 'shell' | 'wasm', scope: string): string {
  return `kinora-${kind}-${scope}`;
}

/** Deletes the caches of versions up to 0.1, which stored whatever the host answered. */
export async function deleteFormerCaches(scope: string): Promise<void> {
  await caches.delete(`workbox-precache-v2-${scope}`);
  // other apps may use this name
  if (!(await caches.has('runtime'))) return;
  const runtime = await caches.open('runtime');
  const requests = await runtime.keys();
  const own = requests.filter(({ url }) => url.startsWith(`${scope}assets/ort-wasm`));
  await Promise.all(own.map((request) => runtime.delete(request)));
  if (own.length === requests.length) await caches.delete('runtime');
}

/** Deletes everything that the service worker of this scope has kept, in this version or an earlier one. */
export async function deleteOwnCaches(scope: string): Promise<void> {
  await Promise.all([caches.delete(cacheName('shell', scope)), caches.delete(cacheName('wasm', scope))]);
  await deleteFormerCaches(scope);
}
