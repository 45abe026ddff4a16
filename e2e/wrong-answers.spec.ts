/** A host or a network that once answers with a page instead of a file: nothing of it is kept. */
import { expect, type Page, test } from '@playwright/test';
import { type PlainHost, startPlainHost } from './plain-host';
import { copySite } from './site';
import { cachedFiles, generateButton, openModels, openPage, waitForServiceWorker, waitForVideo } from './visitor';

let host: PlainHost;

test.beforeEach(async () => {
  host = await startPlainHost(copySite(test.info()), { caching: true });
});
test.afterEach(() => host.close());

async function expectFailedPart(page: Page): Promise<void> {
  await generateButton(page).click();
  await expect(page.locator('[data-code]')).toHaveAttribute('data-code', 'part-not-loaded');
  await expect(page.getByLabel('Details of the error')).toHaveValue(/ort-wasm.*\.wasm cannot be used/);
}

async function expectVideo(page: Page): Promise<void> {
  await generateButton(page).click();
  await waitForVideo(page);
}

const isWasm = (url: string) => url.endsWith('.wasm');

test('onnxruntime’s wasm: the next try fetches it anew', async ({ page }) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  host.wrong = /\.wasm$/;
  await expectFailedPart(page);
  expect(
    Object.values(await cachedFiles(page))
      .flat()
      .filter(isWasm),
  ).toEqual([]);
  host.wrong = undefined;
  await expectVideo(page);
  expect(
    Object.values(await cachedFiles(page))
      .flat()
      .filter(isWasm),
  ).toHaveLength(1);
});

test('onnxruntime’s wasm that is wrong where it is kept: the next try fetches it anew', async ({ page }) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await expectVideo(page);
  await page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        if (request.url.endsWith('.wasm')) await cache.put(request, new Response('damaged'));
      }
    }
  });
  await openPage(page, 1, '', host.home);
  await expectFailedPart(page);
  await expectVideo(page);
});

test('a part of the shell: the service worker is installed when the host is well again', async ({ page }) => {
  host.wrong = /models-panel.*\.js$/;
  await page.goto(host.home);
  await expect.poll(() => host.wronged.length).toBeGreaterThan(0);
  host.wrong = undefined;
  await page.goto(host.home);
  await waitForServiceWorker(page);
  await openModels(page);
  await expect(page.getByRole('dialog', { name: 'Models' })).toBeVisible();
});

test('what an earlier version has kept is not trusted', async ({ page }) => {
  const files: string[] = [];
  page.context().on('request', (request) => files.push(request.url()));
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await expectVideo(page);
  await openModels(page);
  const poison = files.filter((url) => /\.wasm$|models-panel.*\.js$/.test(url));
  expect(poison.length).toBeGreaterThanOrEqual(2);

  // as if there had only been an earlier version
  await page.goto(`${host.home}robots.txt`);
  await page.evaluate(async (urls) => {
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
    const scope = new URL('./', location.href).href;
    for (const url of urls) {
      const cache = await caches.open(url.endsWith('.wasm') ? 'runtime' : `workbox-precache-v2-${scope}`);
      await cache.put(url, new Response('<p>', { headers: { 'Content-Type': 'text/html' } }));
    }
  }, poison);
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await openModels(page);
  await expect(page.getByRole('dialog', { name: 'Models' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expectVideo(page);
  await page.goto('about:blank');
  await page.goto(host.home);
  await expect
    .poll(async () => Object.keys(await cachedFiles(page)).sort())
    .toEqual([`kinora-shell-${host.home}`, `kinora-wasm-${host.home}`]);
});

test.describe('without a service worker', () => {
  test.use({ serviceWorkers: 'block' });

  test('onnxruntime’s wasm: the HTTP cache has the page for a year, but not for long', async ({ page }) => {
    await openPage(page, 1, '', host.home);
    host.wrong = /\.wasm$/;
    await expectFailedPart(page);
    host.wrong = undefined;
    // cached wrong answers are replaced when they fail
    await expectFailedPart(page);
    await expectVideo(page);
  });
});
