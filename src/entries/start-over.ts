/**
 * The way out of a broken version: removes the service worker and what it keeps. It shares nothing with the page but the names of the
 * caches, and is no part of what the service worker stores, so that it comes from the host as it is now.
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
