/** Registers the service worker, and reports other versions of the page. */

/**
 * `waiting`: another version is stored and can be activated; `taken`: another tab has activated it, and this one keeps its own.
 */
export type UpdateKind = 'waiting' | 'taken';

/**
 * Call once, after the page has started.
 * @param onUpdate its `take` reloads only this tab with the new version
 */
export async function watchForUpdates(onUpdate: (kind: UpdateKind, take: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  const { serviceWorker } = navigator;
  let asked = false;
  let controlled = serviceWorker.controller !== null;
  serviceWorker.addEventListener('controllerchange', () => {
    if (asked) location.reload();
    // the first service worker takes control of a page of its own version
    else if (controlled) onUpdate('taken', () => location.reload());
    controlled = true;
  });
  // what it stores must not delay what the page needs to start
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve));
  const { Workbox } = await import('workbox-window');
  const workbox = new Workbox('service-worker.js');
  workbox.addEventListener('waiting', () =>
    onUpdate('waiting', () => {
      asked = true;
      workbox.messageSkipWaiting();
    }),
  );
  const registration = await workbox.register();
  // for tabs that stay open for days
  setInterval(() => void registration?.update().catch(() => undefined), 60 * 60 * 1000);
}

/** Whether the page's host currently answers, at least for this page. */
export async function hostAnswers(): Promise<boolean> {
  try {
    // HEAD, because the service worker answers only GET
    return (await fetch('./', { method: 'HEAD', cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}
