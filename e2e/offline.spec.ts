/** The page as an installed one: without its host, and when another version of it appears there. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type PlainHost, startPlainHost } from './plain-host';
import { generateButton, openPage, theVideo, waitForVideo } from './visitor';

let folder: string;
let host: PlainHost;

test.beforeEach(async () => {
  folder = test.info().outputPath('site');
  cpSync(path.resolve(import.meta.dirname, '../dist'), folder, { recursive: true });
  host = await startPlainHost(folder);
});
test.afterEach(() => host.close());

async function waitForServiceWorker(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** Puts another version on the host, as another build would be, and lets the page ask for it. */
async function publish(page: Page): Promise<void> {
  const html = readFileSync(path.join(folder, 'index.html'), 'utf8');
  writeFileSync(path.join(folder, 'index.html'), html.replace('<html', '<html data-version="2"'));
  const script = readFileSync(path.join(folder, 'service-worker.js'), 'utf8');
  const changed = script.replace(/("url":"index\.html","revision":")[0-9a-f]+/, '$1b2');
  expect(changed).not.toBe(script);
  writeFileSync(path.join(folder, 'service-worker.js'), changed);
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
}

test('without its host the page starts, and makes videos', async ({ page }) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await generateButton(page).click();
  await waitForVideo(page);
  host.close();

  await openPage(page, 1, '', host.home);
  await generateButton(page).click();
  await waitForVideo(page);
  await expect(theVideo(page)).toBeVisible();

  // models are in IndexedDB, and there only
  const cached = await page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => url);
  });
  expect(cached.filter((url) => url.endsWith('.wasm'))).toHaveLength(1);
  expect(cached.filter((url) => url.includes('/models/'))).toEqual([]);
});

test('a new version asks, and is taken by the tab that agrees', async ({ page }) => {
  await page.goto(host.home);
  await waitForServiceWorker(page);
  await publish(page);
  await expect(page.getByText('A new version of Kinora is ready.')).toBeVisible();
  await expect(page.locator('html[data-version]')).toHaveCount(0);
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(page.locator('html[data-version="2"]')).toHaveCount(1);
  await expect(page.getByText('A new version of Kinora is ready.')).toHaveCount(0);
});

test('a broken version can be left: the page comes anew from its host, and the model stays', async ({ page }) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await generateButton(page).click();
  await waitForVideo(page);
  // what the service worker keeps is broken, and what the host has is not
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

test('a new version waits for a running job', async ({ page }) => {
  await openPage(page, 12, '', host.home);
  await waitForServiceWorker(page);
  await generateButton(page).click();
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuetext', /^Step/, { timeout: 240_000 });
  await publish(page);
  await expect(page.getByText('It can be taken when this video is finished.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Reload' })).toBeDisabled();
  await waitForVideo(page);
  await expect(page.getByRole('button', { name: 'Reload' })).toBeEnabled();
  await page.getByRole('button', { name: 'Later' }).click();
  await expect(page.getByRole('button', { name: 'Reload' })).toHaveCount(0);
  await expect(theVideo(page)).toBeVisible();
});

test('a new version is not taken over a video that was not downloaded, unless the visitor says so', async ({
  page,
}) => {
  await openPage(page, 1, '', host.home);
  await waitForServiceWorker(page);
  await generateButton(page).click();
  await waitForVideo(page);
  await publish(page);
  const questions: string[] = [];
  let answer = false;
  page.on('dialog', async (dialog) => {
    questions.push(dialog.message());
    await (answer ? dialog.accept() : dialog.dismiss());
  });
  await page.getByRole('button', { name: 'Reload' }).click();
  expect(questions).toEqual(['A video here was not downloaded. Reload the page all the same?']);
  await expect(theVideo(page)).toBeVisible();
  // the other version still waits
  expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null)).toBe(true);

  answer = true;
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(page.locator('html[data-version="2"]')).toHaveCount(1);
  // asked once, and not by the browser again
  expect(questions).toHaveLength(2);
});
