/**
 * The way out of a broken version: removes the service worker and what it keeps. It shares nothing with the page, and is no part of
 * what the service worker stores, so that it comes from the host as it is now.
 */
async function startOver(): Promise<void> {
  const registrations = await navigator.serviceWorker.getRegistrations();
  await Promise.all(registrations.map((registration) => registration.unregister()));
  await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
  location.href = './';
}

document.getElementById('start-over')?.addEventListener('click', () => {
  startOver().catch((error: unknown) => {
    const said = document.getElementById('said');
    if (said) said.textContent = `The browser refused: ${String(error)}`;
  });
});
