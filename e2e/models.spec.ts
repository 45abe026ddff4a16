/** The Models panel: terms before the first byte, pausing and resuming a download, folders on disk, deletion. */
import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, type Locator, type Page, type Request, test } from '@playwright/test';
import { type Hub, startHub } from '../tests/server/hub';
import { folderFiles } from '../tests/server/hub-files';
import { expectAccessible, generateButton, openPage, waitForVideo } from './visitor';

const folder = path.resolve(import.meta.dirname, '../public/models/moving-shapes');
let hub: Hub;

test.beforeAll(async () => {
  hub = await startHub(folderFiles(folder));
});

test.afterAll(() => hub.stop());

async function openPanel(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: /^Models/ }).press('Enter');
  return page.getByRole('dialog', { name: 'Models' });
}

/** Small, so that a video is made quickly. */
async function makeSmallVideo(page: Page): Promise<void> {
  await page.getByRole('spinbutton', { name: 'Steps' }).fill('1');
  const details = page.getByText('Scheduler, speed and size');
  if (!(await page.getByLabel('Frames', { exact: true }).isVisible())) await details.click();
  await page.getByLabel('Frames', { exact: true }).fill('2');
  await page.getByLabel('Width').fill('64');
  await page.getByLabel('Height').fill('64');
  await generateButton(page).click();
  await waitForVideo(page);
}

for (const width of [1280, 360]) {
  test(`${width} pixels wide: opens by keyboard, axe finds nothing, closes with Esc`, async ({ page }) => {
    await page.setViewportSize({ width, height: 740 });
    await openPage(page, 1);
    const panel = await openPanel(page);
    await expect(panel.getByRole('article', { name: 'text-to-video-ms-1.7b' })).toContainText('CC BY-NC');
    await expect(panel.getByRole('article', { name: 'Moving shapes' })).toContainText('in use');
    await expectAccessible(page);
    expect(await panel.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
    await page.keyboard.press('Escape');
    await expect(panel).toBeHidden();
    await expect(page.getByRole('button', { name: /^Models/ })).toBeFocused();
  });
}

test('a model of the hub: terms first, then a download that pauses and goes on, a video, and deletion', async ({
  page,
  baseURL,
}) => {
  const requests: Request[] = [];
  page.context().on('request', (request) => requests.push(request));
  await openPage(page, 1);
  const panel = await openPanel(page);
  await panel.getByLabel('Hugging Face name or address').fill(hub.url);
  await panel.getByRole('button', { name: 'Add', exact: true }).click();
  const card = panel.getByRole('article', { name: 'kinora-test/text-to-video' });
  await card.getByRole('button', { name: 'Download…' }).click();

  // only the headers of the weights were requested, and nothing more will be without consent
  await expect(card.getByText(/^A one-time download of 1[45] MB, checked/)).toBeVisible();
  await expect(card.getByText('cc-by-nc-4.0')).toBeVisible();
  await expect(card.getByRole('button', { name: 'Download', exact: true })).toHaveAttribute('aria-disabled', 'true');
  expect(hub.sentBytes).toBeLessThan(1_000_000);
  await card.getByRole('checkbox', { name: /accept the terms/ }).check();

  const held = hub.holdAt(hub.weightBytes * 0.5);
  await card.getByRole('button', { name: 'Download', exact: true }).click();
  await held;
  await expect(card.getByRole('progressbar')).toBeVisible();
  await card.getByRole('button', { name: 'Pause' }).click();
  await expect(card.getByRole('button', { name: 'Resume the download' })).toBeVisible();
  hub.goOn();
  await card.getByRole('button', { name: 'Resume the download' }).click();
  await card.getByRole('button', { name: 'Use', exact: true }).click();
  await expect(card).toContainText('in use');
  await page.keyboard.press('Escape');
  await makeSmallVideo(page);

  // the model's servers received requests for files, and no other information
  const strangers = requests.filter(
    (request) => !request.url().startsWith('blob:') && !request.url().startsWith(`${baseURL}/`),
  );
  expect(strangers.length).toBeGreaterThan(10);
  for (const request of strangers) {
    expect(request.url()).toMatch(/^http:\/\/(127\.0\.0\.1|localhost):\d+\/(api|cdn|kinora-test)\/[^#]*$/);
    expect(new URL(request.url()).port).toBe(new URL(hub.url).port);
    expect([request.method(), request.postData()]).toEqual(['GET', null]);
    expect(JSON.stringify([request.url(), request.headers()])).not.toMatch(/circle|red%20/);
    expect(request.headers().referer ?? '').toBe('');
  }

  // still chosen on the next visit, and gone once deleted
  await page.reload();
  const again = await openPanel(page);
  const cardAgain = again.getByRole('article', { name: 'kinora-test/text-to-video' });
  await expect(cardAgain).toContainText('in use');
  await cardAgain.getByRole('button', { name: 'Delete…' }).click();
  await cardAgain.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(cardAgain).toContainText('Not on this device');
  await page.keyboard.press('Escape');
  await expect(page.getByText('The model is not on this device yet')).toBeVisible();
  await expect(generateButton(page)).toHaveAttribute('aria-disabled', 'true');
});

test('a stored model is checked; what the disk has damaged is found, and mended by a download', async ({ page }) => {
  await openPage(page, 1);
  await generateButton(page).click();
  await waitForVideo(page);
  const panel = await openPanel(page);
  const card = panel.getByRole('article', { name: 'Moving shapes' });
  await card.getByRole('button', { name: 'Check' }).click();
  await expect(card.getByText('Checked: every byte is as it was stored.')).toBeVisible();

  await page.evaluate(damageAShard, 'unet');
  await card.getByRole('button', { name: 'Check' }).click();
  await expect(card.getByText(/^Checked: \d+ MB of it were damaged on this device/)).toBeVisible();
  await card.getByRole('button', { name: 'Resume the download' }).click();
  await expect(card.getByRole('button', { name: 'Check' })).toBeVisible();
  await card.getByRole('button', { name: 'Check' }).click();
  await expect(card.getByText('Checked: every byte is as it was stored.')).toBeVisible();
});

/** In the page: flips one bit of the first shard of a component, as a bad disk would. */
async function damageAShard(component: string): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('kinora');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const result = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const shards = () => database.transaction('shards', 'readwrite').objectStore('shards');
  const key = (await result(shards().getAllKeys())).find((candidate) => (candidate as string[])[1] === component);
  if (key === undefined) throw new Error(`Nothing is stored of ${component}.`);
  const record = await result(shards().get(key));
  const bytes = new Uint8Array(await record.blob.arrayBuffer());
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  await result(shards().put({ ...record, blob: new Blob([bytes]) }, key));
  database.close();
}

test('a connection that is gone: the panel waits, says so, and goes on', async ({ page }) => {
  await openPage(page, 1);
  const panel = await openPanel(page);
  await panel.getByLabel('Hugging Face name or address').fill(hub.url);
  await panel.getByRole('button', { name: 'Add', exact: true }).click();
  const card = panel.getByRole('article', { name: 'kinora-test/text-to-video' });
  await card.getByRole('button', { name: 'Download…' }).click();
  await card.getByRole('checkbox', { name: /accept the terms/ }).check();
  const held = hub.holdAt(hub.sentBytes + hub.weightBytes * 0.5);
  await card.getByRole('button', { name: 'Download', exact: true }).click();
  await held;
  hub.disconnect();
  hub.goOn();
  await expect(card.getByText(/Next try in \d+ s/)).toBeVisible();
  hub.reconnect();
  await expect(card.getByRole('button', { name: 'Use', exact: true })).toBeVisible({ timeout: 60_000 });
});

test('a link to another server: its host is named, and it is not shown the token of the Hugging Face hub', async ({
  page,
}) => {
  const { host } = new URL(hub.url);
  hub.authorizations.clear();
  // in the format from when there was only one hub
  await page.addInitScript(() => localStorage.setItem('kinora.token', 'hf_SECRET'));
  await openPage(page, 1, `&model=${encodeURIComponent(hub.url)}`);
  await expect(page.locator('.model-line')).toContainText(`kinora-test/text-to-video from http://${host}`);
  const panel = await openPanel(page);
  const card = panel.getByRole('article', { name: 'kinora-test/text-to-video' });
  await expect(card.getByText(`From http://${host}`)).toBeVisible();
  await expect(card.getByRole('link', { name: `Model page on http://${host}` })).toBeVisible();
  await expect(panel.getByRole('article', { name: 'text-to-video-ms-1.7b' })).not.toContainText('From http');
  await card.getByRole('button', { name: 'Download…' }).click();
  await card.getByRole('checkbox', { name: /accept the terms/ }).check();
  await card.getByRole('button', { name: 'Download', exact: true }).click();
  await expect(card.getByRole('button', { name: 'Check' })).toBeVisible();
  expect([...hub.authorizations].sort()).toEqual(['127.0.0.1 nothing', 'localhost nothing']);

  // its host has to be chosen before it gets its own token, which the server it redirects to does not see
  await panel.getByText(/^Access token for huggingface\.co in use$/).click();
  await expect(panel.getByLabel('Access token for huggingface.co')).toHaveValue('hf_SECRET');
  await panel.getByLabel('For models on').selectOption(host);
  await expect(panel.getByLabel(`Access token for ${host}`)).toHaveValue('');
  await panel.getByLabel(`Access token for ${host}`).fill(' its own ');
  await card.getByRole('button', { name: 'Delete…' }).click();
  await card.getByRole('button', { name: 'Delete', exact: true }).click();
  hub.authorizations.clear();
  await card.getByRole('button', { name: 'Download…' }).click();
  await card.getByRole('button', { name: 'Download', exact: true }).click();
  await expect(card.getByRole('button', { name: 'Check' })).toBeVisible();
  expect([...hub.authorizations].sort()).toEqual(['127.0.0.1 Bearer itsown', 'localhost nothing']);
  expect(await page.evaluate(() => localStorage.getItem('kinora.token'))).toBe(
    JSON.stringify({ origin: new URL(hub.url).origin, token: 'itsown' }),
  );
});

test('a server that publishes no checksums: the card says that nobody can verify the download', async ({ page }) => {
  await openPage(page, 1);
  const panel = await openPanel(page);
  const address = new URL('/cdn/', hub.url.replace('127.0.0.1', 'localhost')).href;
  await panel.getByLabel('Hugging Face name or address').fill(address);
  await panel.getByRole('button', { name: 'Add', exact: true }).click();
  const card = panel.getByRole('article', { name: address });
  await card.getByRole('button', { name: 'Download', exact: true }).click();
  await expect(card.getByText(/No checksums are published for its weights/)).toBeVisible();
  await expect(card.getByRole('button', { name: 'Check' })).toBeVisible();
  await expect(panel.getByRole('article', { name: 'Moving shapes' })).not.toContainText('checksums');
});

test('a folder on disk: used where it lies, then copied, and there at the next visit', async ({ page }) => {
  await openPage(page, 1);
  let panel = await openPanel(page);
  await panel.getByLabel('Model folder').setInputFiles(folder);
  await panel.getByRole('button', { name: 'Use in place' }).click();
  await expect(panel.getByRole('article', { name: 'moving-shapes', exact: true })).toContainText('in use');
  await page.keyboard.press('Escape');
  const words = await page.evaluateHandle(() => {
    const bar = document.querySelector('[role=progressbar]');
    const said: string[] = [];
    if (bar) {
      const listener = new MutationObserver(() => said.push(bar.getAttribute('aria-valuetext') ?? ''));
      listener.observe(bar, { attributeFilter: ['aria-valuetext'] });
    }
    return said;
  });
  const isLoading = (text: string) => text.startsWith('Preparing');
  await makeSmallVideo(page);
  expect((await words.jsonValue()).some(isLoading)).toBe(true);
  // the networks stay on the device, since the folder has not changed
  await words.evaluate((said) => said.splice(0));
  await makeSmallVideo(page);
  expect(await words.jsonValue()).toContain('Step 1 of 1');
  expect((await words.jsonValue()).some(isLoading)).toBe(false);

  await page.reload();
  panel = await openPanel(page);
  await expect(panel.getByRole('article', { name: 'Moving shapes', exact: true })).toContainText('in use');
  await panel.getByLabel('Model folder').setInputFiles(folder);
  await panel.getByRole('button', { name: 'Copy into the browser' }).click();
  await expect(panel.getByRole('article', { name: 'moving-shapes', exact: true })).toContainText('in use');

  await page.reload();
  panel = await openPanel(page);
  await expect(panel.getByRole('article', { name: 'moving-shapes', exact: true })).toContainText('On this device');
  await page.keyboard.press('Escape');
  await makeSmallVideo(page);
});

test('a folder of another kind is refused with what it is', async ({ page }) => {
  await openPage(page, 1);
  const panel = await openPanel(page);
  // a name is not mistaken for an address
  const odd = test.info().outputPath('a:b');
  cpSync(path.join(folder, 'unet'), odd, { recursive: true });
  await panel.getByLabel('Model folder').setInputFiles(odd);
  await panel.getByRole('button', { name: 'Copy into the browser' }).click();
  await expect(panel.getByRole('alert').filter({ hasText: 'not a text-to-video model' })).toBeVisible();
  await panel.getByText('Details').click();
  await expect(panel.getByText(/suggests that it is a part of one/)).toBeVisible();
});
