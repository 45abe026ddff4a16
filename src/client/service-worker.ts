/** Registers the service worker, and tells of other versions of the page. */

/** `waiting`: another version is stored and can be taken; `taken`: another tab has taken it, and this one goes on with its own. */
export type UpdateKind = 'waiting' | 'taken';

/**
 * Call once, after the page has started.
 * @param onUpdate `take` reloads this tab, and no other, with the new version
 */
export async function watchForUpdates(onUpdate: (kind: UpdateKind, take: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  const { serviceWorker } = navigator;
  let asked = false;
  let controlled = serviceWorker.controller !== null;
  serviceWorker.addEventListener('controllerchange', () => {
    if (asked) location.reload();
    // the first one takes charge of a page that is of its own version
    else if (controlled) onUpdate('taken', () => location.reload());
    controlled = true;
  });
  // what it stores must not come in the way of what the page starts with
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
  // a tab that stays open for days asks now and then
  setInterval(() => void registration?.update().catch(() => undefined), 60 * 60 * 1000);
}

/** Whether the page's host answers now, this page at least. */
export async function hostAnswers(): Promise<boolean> {
  try {
    // the service worker answers GET only
    return (await fetch('./', { method: 'HEAD', cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}
