/** What storage refuses or loses. */
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import type { HeadlessRequest } from '../src/entries/headless';
import { startHub } from '../tests/server/hub';
import { folderFiles } from '../tests/server/hub-files';
import { generateButton, openPage, waitForVideo } from './visitor';

const video: Omit<HeadlessRequest, 'source'> = {
  prompt: 'a red circle moving right on a blue background',
  negativePrompt: '',
  seed: 7,
  numInferenceSteps: 1,
  guidanceScale: 1,
  numFrames: 1,
  fps: 8,
  device: 'wasm',
  dtype: 'auto',
};

async function generate(page: Page, url: string, dtype: 'auto' | 'float32' = 'auto') {
  const source = { kind: 'remote', url } as const;
  return page.evaluate((request) => window.kinora.generate(request), { ...video, source, dtype });
}

async function storedBytes(page: Page): Promise<number> {
  return page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
}

async function openHeadless(page: Page): Promise<void> {
  await page.goto('/headless.html');
  await page.waitForFunction(() => 'kinora' in window);
}

const failure = (page: Page) => page.getByRole('alert').locator('[data-code]');

test('a browser without room says how much is missing, keeps what it has, and goes on when there is room', async ({
  page,
  baseURL,
}) => {
  const origin = new URL(baseURL ?? '').origin;
  const source = `${origin}/models/moving-shapes`;
  await openHeadless(page);
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });
  const refused = await generate(page, source);
  expect(refused).toMatchObject({ ok: false, error: { code: 'quota' } });
  const { error } = refused as { error: { message: string } };
  expect(error.message).toMatch(/ 11 MB of the model are still to be stored/);
  expect(await storedBytes(page)).toBeGreaterThan(3_000_000);

  await session.send('Storage.overrideQuotaForOrigin', { origin });
  const requests: string[] = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  expect(await generate(page, source)).toMatchObject({ ok: true });
  expect(requests.filter((path) => path.includes('text_encoder') && path.endsWith('.safetensors'))).toEqual([]);
});

test('site data that is cleared under the open page is fetched again', async ({ page, baseURL }) => {
  const origin = new URL(baseURL ?? '').origin;
  const source = `${origin}/models/moving-shapes`;
  await openHeadless(page);
  expect(await generate(page, source)).toMatchObject({ ok: true });
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
  // another precision, so that the model is loaded again
  expect(await generate(page, source, 'float32')).toMatchObject({ ok: true });
});

test('the page says how much is missing, and where room can be made', async ({ page, baseURL }) => {
  const { origin } = new URL(baseURL ?? '');
  await openPage(page, 1);
  // the service worker's caches count too
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const session = await page.context().newCDPSession(page);
  // enough for the small files and the text encoder, 5 MB, and not for the UNet
  const quotaSize = (await storedBytes(page)) + 8_000_000;
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
  await generateButton(page).click();
  await expect(failure(page)).toHaveAttribute('data-code', 'quota');
  await expect(failure(page).getByText(/^11 MB of the model are still to be stored/)).toBeVisible();
  await failure(page).getByRole('button', { name: 'Open Models' }).click();
  const card = page.getByRole('dialog', { name: 'Models' }).getByRole('article', { name: 'Moving shapes' });
  await card.getByRole('button', { name: 'Resume the download' }).click();
  await expect(
    card
      .getByRole('alert')
      .getByText(/^The browser has no room for the model\. 11 MB of the model are still to be stored/),
  ).toBeVisible();
});

test('site data that is cleared under a download: it is brought in whole all the same', async ({ page, baseURL }) => {
  const { origin } = new URL(baseURL ?? '');
  const hub = await startHub(folderFiles(path.resolve(import.meta.dirname, '../public/models/moving-shapes')));
  try {
    await openHeadless(page);
    // small files are stored by then, and no weights
    const held = hub.holdAt(hub.weightBytes * 0.1);
    const downloading = page.evaluate((url) => window.kinora.download(url), hub.url);
    await held;
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    hub.goOn();
    expect(await downloading).toMatchObject({ ok: true });
    const { sentBytes } = hub;
    expect(await generate(page, hub.url)).toMatchObject({ ok: true });
    expect(hub.sentBytes).toBe(sentBytes);
  } finally {
    await hub.stop();
  }
});

test('models that a newer version of the page has stored: says so, and what helps', async ({ page }) => {
  await page.goto('/start-over.html');
  await page.evaluate(async () => {
    const request = indexedDB.open('kinora', 1000);
    await new Promise((resolve) => {
      request.onsuccess = resolve;
    });
    request.result.close();
  });
  await openPage(page, 1);
  await generateButton(page).click();
  await expect(failure(page)).toHaveAttribute('data-code', 'newer-storage');
  await expect(failure(page)).toContainText('A newer version of Kinora has stored models here');
  await page.getByRole('button', { name: /^Models/ }).press('Enter');
  const panel = page.getByRole('dialog', { name: 'Models' });
  await expect(panel.getByRole('region', { name: 'Storage' }).getByRole('alert')).toContainText('start-over.html');
  await expect(panel.getByRole('button', { name: 'Delete…' }).first()).toBeVisible();
});

test('records of another version are no model: the card offers the download, which mends it', async ({ page }) => {
  await openPage(page, 1);
  await generateButton(page).click();
  await waitForVideo(page);
  await page.evaluate(async () => {
    const opening = indexedDB.open('kinora');
    await new Promise((resolve) => {
      opening.onsuccess = resolve;
    });
    const transaction = opening.result.transaction('manifests', 'readwrite');
    const keys = transaction.objectStore('manifests').getAllKeys();
    keys.onsuccess = () => {
      for (const key of keys.result) transaction.objectStore('manifests').put({ form: 2 }, key);
    };
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    opening.result.close();
  });
  await page.getByRole('button', { name: /^Models/ }).press('Enter');
  const card = page.getByRole('dialog', { name: 'Models' }).getByRole('article', { name: 'Moving shapes' });
  await expect(card).toContainText(/\d+ MB of it is stored/);
  await expect(card.getByRole('button', { name: 'Check' })).toBeHidden();
  await card.getByRole('button', { name: 'Resume the download' }).click();
  await card.getByRole('button', { name: 'Check' }).click();
  await expect(card.getByText('Checked: every byte is as it was stored.')).toBeVisible();
});
