/** How to recover from a broken version: the visitor's way, and the host's. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type PlainHost, startPlainHost } from './plain-host';
import { copySite } from './site';
import { cachedFiles, generateButton, openPage, waitForServiceWorker, waitForVideo } from './visitor';

let folder: string;
let host: PlainHost;

test.beforeEach(async () => {
  folder = copySite(test.info());
  mkdirSync(path.join(folder, 'other'));
  writeFileSync(path.join(folder, 'other/worker.js'), 'addEventListener("fetch", () => undefined);');
  host = await startPlainHost(folder);
});
test.afterEach(() => host.close());

/** Another app of the same origin, which caches files too, and a cache of an earlier version of Kinora under the same name. */
async function installOtherApp(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('other/worker.js');
    for (const name of ['other-app', 'runtime'])
      await (await caches.open(name)).put('other/file', new Response('other'));
    await (await caches.open('runtime')).put('assets/ort-wasm-old.wasm', new Response('old'));
    await (await caches.open(`workbox-precache-v2-${location.href.split('?')[0]}`)).put('a', new Response('old'));
  });
}

async function expectOtherAppOnly(page: Page): Promise<void> {
  const scopes = () =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope));
  await expect.poll(scopes).toEqual([`${host.home}other/`]);
  expect(await cachedFiles(page)).toEqual({
    'other-app': [`${host.home}other/file`],
    runtime: [`${host.home}other/file`],
  });
}

test('a broken version can be left: the page comes anew from its host, and the model stays', async ({ page }) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await generateButton(page).click();
  await waitForVideo(page);
  // what the service worker cached is broken, and what the host has is not
  await page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        if (/index\.html/.test(request.url))
          await cache.put(request, new Response('broken', { headers: { 'Content-Type': 'text/html' } }));
      }
    }
  });
  await page.goto(host.home);
  await expect(page.getByText('broken')).toBeVisible();

  await page.goto(`${host.home}start-over.html`);
  await page.getByRole('button', { name: 'Start over' }).click();
  await expect(generateButton(page)).toBeVisible();
  const weights: string[] = [];
  page.on('request', (request) => weights.push(request.url()));
  await openPage(page, 1, '', host.home);
  await generateButton(page).click();
  await waitForVideo(page);
  expect(weights.filter((url) => url.endsWith('.safetensors') || url.includes('.safetensors?'))).toEqual([]);
});

test('start over leaves what belongs to other apps of the origin', async ({ page }) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await installOtherApp(page);
  await page.goto(`${host.home}start-over.html`);
  // the page it leads to would install the service worker again
  await page.route(host.home, (route) => route.fulfill({ body: 'Arrived.' }));
  await page.getByRole('button', { name: 'Start over' }).click();
  await expect(page.getByText('Arrived.')).toBeVisible();
  await expectOtherAppOnly(page);
});

test('the host takes the service worker away from all tabs with hosting/service-worker.js', async ({ context }) => {
  const [page, other] = [await context.newPage(), await context.newPage()];
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await other.goto(host.home);
  await installOtherApp(page);
  writeFileSync(path.join(folder, 'index.html'), '<title>Mended</title>');
  cpSync(path.resolve(import.meta.dirname, '../hosting/service-worker.js'), path.join(folder, 'service-worker.js'));
  await page.evaluate(() => navigator.serviceWorker.ready.then((registration) => void registration.update()));
  for (const tab of [page, other]) await expect(tab).toHaveTitle('Mended');
  expect(await other.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
  await expectOtherAppOnly(page);
});
