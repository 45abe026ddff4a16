/**
 * What a cleanup program or a bad disk does to a stored model. Chromium keeps Blobs and long strings in separate files beside its
 * database; the browser is closed, those files are deleted or truncated, and it is opened again.
 */
import { cpSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { type BrowserContext, chromium, expect, type Locator, type Page, test } from '@playwright/test';
import { chromiumPath, webgpuArgs } from '../scripts/chromium.mjs';
import { type Hub, startHub } from '../tests/server/hub';
import { folderFiles } from '../tests/server/hub-files';
import { generateButton, openPage, waitForVideo } from './visitor';

const folder = path.resolve(import.meta.dirname, '../public/models/moving-shapes');

/** Small, so that a video is made quickly. */
const video = {
  prompt: 'a red circle moving right on a blue background',
  negativePrompt: '',
  seed: 7,
  numInferenceSteps: 1,
  guidanceScale: 1,
  numFrames: 1,
  fps: 8,
  device: 'wasm',
  dtype: 'auto',
} as const;

async function openBrowser(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: webgpuArgs,
    baseURL: test.info().project.use.baseURL,
  });
}

async function visit<T>(profile: string, work: (page: Page) => Promise<T>): Promise<T> {
  const context = await openBrowser(profile);
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

/** The large files are weights, the small ones vocab.json and merges.txt. */
function storedFiles(profile: string, what: 'texts' | 'weights'): string[] {
  const files = readdirSync(path.join(profile, 'Default/IndexedDB'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes('.indexeddb.blob'))
    .map((entry) => path.join(entry.parentPath, entry.name));
  const found = files.filter((file) => statSync(file).size > 1_000_000 === (what === 'weights'));
  expect(found.length).toBeGreaterThan(1);
  return found;
}

const damages = {
  deleted: (file: string) => rmSync(file),
  'cut off': (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  emptied: (file: string) => truncateSync(file, 0),
};

async function openPanel(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: /^Models/ }).press('Enter');
  return page.getByRole('dialog', { name: 'Models' });
}

async function makeVideo(page: Page): Promise<void> {
  await openPage(page, 1);
  await generateButton(page).click();
  await waitForVideo(page);
}

test.describe('the model that comes with the page', () => {
  let stored: string;

  test.beforeAll(async () => {
    stored = path.join(test.info().project.outputDir, 'profile-with-the-shipped-model');
    rmSync(stored, { recursive: true, force: true });
    await visit(stored, makeVideo);
  });

  for (const what of ['texts', 'weights'] as const) {
    for (const [how, damage] of Object.entries(damages)) {
      test(`${what} are ${how}: Generate fetches them again, and nothing is left to mend`, async () => {
        const profile = test.info().outputPath('profile');
        cpSync(stored, profile, { recursive: true });
        for (const file of storedFiles(profile, what)) damage(file);
        await visit(profile, async (page) => {
          await openPage(page, 1);
          let card = (await openPanel(page)).getByRole('article', { name: 'Moving shapes' });
          await expect(card).toContainText('On this device');
          await expect(card.getByRole('button', { name: 'Check' })).toBeVisible();
          await expect(card.getByRole('button', { name: 'Delete…' })).toBeVisible();
          await page.keyboard.press('Escape');
          await generateButton(page).click();
          await waitForVideo(page);
          card = (await openPanel(page)).getByRole('article', { name: 'Moving shapes' });
          await card.getByRole('button', { name: 'Check' }).click();
          await expect(card.getByText('Checked: every byte is as it was stored.')).toBeVisible();
        });
      });
    }
  }

  test('Check finds both, a download mends them, and Delete deletes them', async () => {
    const profile = test.info().outputPath('profile');
    cpSync(stored, profile, { recursive: true });
    const texts = storedFiles(profile, 'texts');
    const weights = storedFiles(profile, 'weights');
    for (const file of texts) damages.deleted(file);
    for (const file of weights.slice(1)) damages['cut off'](file);
    await visit(profile, async (page) => {
      await openPage(page, 1);
      const card = (await openPanel(page)).getByRole('article', { name: 'Moving shapes' });
      await card.getByRole('button', { name: 'Check' }).click();
      await expect(card.getByText(/^Checked: \d+ MB of it were damaged on this device/)).toBeVisible();
      await card.getByRole('button', { name: 'Resume the download' }).click();
      await card.getByRole('button', { name: 'Check' }).click();
      await expect(card.getByText('Checked: every byte is as it was stored.')).toBeVisible();
    });
    for (const file of storedFiles(profile, 'texts')) damages['cut off'](file);
    await visit(profile, async (page) => {
      await openPage(page, 1);
      const card = (await openPanel(page)).getByRole('article', { name: 'Moving shapes' });
      await card.getByRole('button', { name: 'Check' }).click();
      await expect(card.getByText(/^Checked: some of its small files were damaged on this device/)).toBeVisible();
      await card.getByRole('button', { name: 'Delete…' }).click();
      await card.getByRole('button', { name: 'Delete', exact: true }).click();
      await expect(card).toContainText('Comes with the page');
    });
  });
});

test.describe('a model at another origin', () => {
  let hub: Hub;

  test.beforeAll(async () => {
    hub = await startHub(folderFiles(folder));
  });

  test.afterAll(() => hub.stop());

  for (const what of ['texts', 'weights'] as const) {
    test(`${what} that are cut off are fetched again`, async () => {
      const profile = test.info().outputPath('profile');
      const generate = (page: Page) =>
        page
          .goto('/headless.html')
          .then(() => page.waitForFunction(() => 'kinora' in window))
          .then(() =>
            page.evaluate((request) => window.kinora.generate(request), {
              ...video,
              source: { kind: 'remote', url: hub.url } as const,
            }),
          );
      expect(await visit(profile, generate)).toMatchObject({ ok: true });
      for (const file of storedFiles(profile, what)) damages['cut off'](file);
      expect(await visit(profile, generate)).toMatchObject({ ok: true });
    });
  }
});

test('the copy of a folder: says that it is damaged and how to mend it, and is mended by another copy', async () => {
  const profile = test.info().outputPath('profile');
  const copyFolder = async (page: Page) => {
    const panel = await openPanel(page);
    await panel.getByLabel('Model folder').setInputFiles(folder);
    await panel.getByRole('button', { name: 'Copy into the browser' }).click();
    await expect(panel.getByRole('article', { name: 'moving-shapes', exact: true })).toContainText('On this device');
    await page.keyboard.press('Escape');
  };
  await visit(profile, async (page) => {
    await openPage(page, 1);
    await copyFolder(page);
  });
  for (const file of storedFiles(profile, 'texts')) damages.deleted(file);
  for (const file of storedFiles(profile, 'weights')) damages['cut off'](file);
  await visit(profile, async (page) => {
    await openPage(page, 1);
    await generateButton(page).click();
    const failure = page.getByRole('alert').locator('[data-code]');
    await expect(failure).toHaveAttribute('data-code', 'storage');
    await expect(failure).toContainText('Check, under Models, finds what is damaged');
    await failure.getByRole('button', { name: 'Open Models' }).click();
    const card = page.getByRole('article', { name: 'moving-shapes', exact: true });
    await card.getByRole('button', { name: 'Check' }).click();
    await expect(card.getByText(/^Checked: .* were damaged .* Copy its folder again to repair it/)).toBeVisible();
    await expect(card).toContainText('of it is stored: copy its folder again');
    await page.keyboard.press('Escape');
    await copyFolder(page);
    await generateButton(page).click();
    await waitForVideo(page);
  });
});
