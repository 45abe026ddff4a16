/**
 * Recovers from a broken version: removes the service worker and its caches. It shares nothing with the page but the names of the
 * caches, and is not stored by the service worker, so that it always comes fresh from the host.
 */
import { deleteOwnCaches } from '../shared/own-caches';

async function startOver(): Promise<void> {
  const scope = new URL('./', location.href).href;
  const registrations = await navigator.serviceWorker.getRegistrations();
  const own = registrations.filter((registration) => registration.scope === scope);
  await Promise.all(own.map((registration) => registration.unregister()));
  await deleteOwnCaches(scope);
  location.href = './';
}

document.getElementById('start-over')?.addEventListener('click', () => {
  startOver().catch((error: unknown) => {
    const said = document.getElementById('said');
    if (said) said.textContent = `The browser refused: ${String(error)}`;
  });
});
