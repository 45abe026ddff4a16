/** Registers the service worker, and tells when another version of the page waits. */

/**
 * Call once, after the page has started.
 * @param onWaiting a new version is stored; `activate` makes it the current one and reloads this tab, and no other
 */
export async function watchForUpdates(onWaiting: (activate: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  // what it stores must not come in the way of what the page starts with
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve));
  const { Workbox } = await import('workbox-window');
  const workbox = new Workbox('service-worker.js');
  const activate = () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload());
    workbox.messageSkipWaiting();
  };
  workbox.addEventListener('waiting', () => onWaiting(activate));
  const registration = await workbox.register();
  // a tab that stays open for days asks now and then
  setInterval(() => void registration?.update().catch(() => undefined), 60 * 60 * 1000);
}
