/** The installed page: offline, and when another version appears on its host. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type PlainHost, startPlainHost } from './plain-host';
import { copySite, publishVersion2 } from './site';
import {
  cachedFiles,
  generateButton,
  openModels,
  openPage,
  theVideo,
  waitForServiceWorker,
  waitForVideo,
} from './visitor';

let folder: string;
let host: PlainHost;

test.beforeEach(async () => {
  folder = copySite(test.info());
  host = await startPlainHost(folder);
});
test.afterEach(() => host.close());

/** Puts another version on the host, and lets the page check for it. */
async function publish(page: Page): Promise<string[]> {
  const gone = publishVersion2(folder);
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
  return gone;
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

  // models are only in IndexedDB
  const cached = Object.values(await cachedFiles(page)).flat();
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

test('a new version waits for a running job', async ({ page }) => {
  await openPage(page, 12, '', host.home);
  await waitForServiceWorker(page);
  await generateButton(page).click();
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuetext', /^Step/, { timeout: 240_000 });
  await publish(page);
  await expect(page.getByText('You can reload when this video is finished.')).toBeVisible();
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
  expect(questions).toEqual(['One video has not been downloaded. Reload anyway?']);
  await expect(theVideo(page)).toBeVisible();
  // the other version still waits
  expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null)).toBe(true);

  answer = true;
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(page.locator('html[data-version="2"]')).toHaveCount(1);
  // asked once, and not again by the browser
  expect(questions).toHaveLength(2);
});

test('what one tab takes leaves the others working, and is told to them', async ({ context }) => {
  const [one, other] = [await context.newPage(), await context.newPage()];
  await openPage(other, 1, '', host.home);
  await waitForServiceWorker(other);
  await one.goto(host.home);
  const gone = await publish(one);
  await one.getByRole('button', { name: 'Reload' }).click();
  await expect(one.locator('html[data-version="2"]')).toHaveCount(1);

  // parts that this tab has not loaded yet, and that the host no longer has
  await expect(other.getByText('Kinora was updated in another tab.')).toBeVisible();
  await openModels(other);
  await expect(other.getByRole('dialog', { name: 'Models' })).toBeVisible();
  await other.keyboard.press('Escape');
  await generateButton(other).click();
  await waitForVideo(other);

  // its video has not been downloaded
  other.once('dialog', (dialog) => dialog.accept());
  await other.getByRole('button', { name: 'Reload' }).click();
  await expect(other.locator('html[data-version="2"]')).toHaveCount(1);
  await expect(generateButton(other)).toBeVisible();
  await expect(other.getByText('Kinora was updated')).toHaveCount(0);

  // nobody needs the former version any more; the service worker notices that when the page is opened with no other tab open
  await Promise.all([one.close(), other.close()]);
  const last = await context.newPage();
  await expect(async () => {
    await last.goto('about:blank');
    await last.goto(host.home);
    const cached = Object.values(await cachedFiles(last)).flat();
    expect(cached.filter((url) => gone.includes(path.basename(url)))).toEqual([]);
  }).toPass({ timeout: 30_000 });
});

test.describe('without a service worker', () => {
  test.use({ serviceWorkers: 'block' });

  test('a part that the host no longer has is told from a connection that is down', async ({ page }) => {
    await page.goto(host.home);
    await expect(generateButton(page)).toBeEnabled();
    rmSync(path.join(folder, 'assets'), { recursive: true });
    await openModels(page);
    await expect(
      page.getByText(
        /^This part of the page could not be downloaded, although the server answers\. .* reload the page\.$/,
      ),
    ).toBeVisible();
    host.close();
    await openModels(page);
    await expect(page.getByText('Check the connection and try again.')).toBeVisible();
  });
});
