/** What can go wrong with the page itself, and with its surroundings. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, expect, type Page, test } from '@playwright/test';
import { chromiumPath, webgpuArgs } from '../scripts/chromium.mjs';
import { bar, cancel, faultTest, makeVideo, startLongVideo, thumbs } from './fault-test';
import { startPlainHost } from './plain-host';
import { generateButton } from './visitor';

const dist = path.resolve(import.meta.dirname, '../dist');

/** Makes videos as fast as possible, without checking each. */
async function makeVideos(page: Page, count: number): Promise<void> {
  await page.evaluate(async (wanted) => {
    while (document.querySelectorAll('.shelf li').length < wanted) {
      document.querySelector<HTMLButtonElement>('button.primary:not([aria-disabled=true])')?.click();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, count);
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
}

/** Whether the browser asks before the page is reloaded; the question is answered with staying. */
async function asksBeforeReload(page: Page): Promise<void> {
  const asked = page.waitForEvent('dialog');
  await page.evaluate(() => void setTimeout(() => location.reload()));
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
}

/** Stands for anything that makes a component throw: an extension, a translator, a bug of ours. */
async function breakNumbers(page: Page): Promise<void> {
  await page.evaluate(() => {
    Number.prototype.toFixed = () => {
      throw new Error('out of luck');
    };
  });
}

faultTest('the browser keeps the clipboard to itself', async (page) => {
  // none, that is
  await page.context().grantPermissions([]);
  await page.route(/\/models\//, (route) => route.abort());
  await generateButton(page).click();
  await page.getByRole('button', { name: 'Copy details' }).click();
  await expect(page.getByText('The browser did not allow copying.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Details of the error' })).toBeVisible();
  await page.unrouteAll();
});

faultTest(
  'a panel fails, then the page: its videos can still be downloaded, and a reload brings it back',
  async (page) => {
    await makeVideo(page);
    await makeVideo(page);
    await breakNumbers(page);
    await page.getByRole('button', { name: 'Models' }).click();
    await expect(page.getByText('This part of the page has crashed')).toBeVisible();
    await page.getByText('Details', { exact: true }).click();
    await expect(page.getByRole('textbox', { name: 'Details of the error' })).toHaveValue(/out of luck/);
    await page.getByRole('button', { name: 'Close' }).click();
    await expect(page.getByText('This part of the page has crashed')).toBeHidden();

    await thumbs(page).last().getByRole('button').click();
    await expect(page.getByText('The page has crashed')).toBeVisible();
    const videos = page.getByRole('link', { name: /^kinora-.*\.mp4$/ });
    await expect(videos).toHaveCount(2);
    await asksBeforeReload(page);
    for (const video of await videos.all()) {
      const downloading = page.waitForEvent('download');
      await video.click();
      expect(readFileSync(await (await downloading).path()).toString('latin1', 4, 8)).toBe('ftyp');
    }
    await page.getByRole('button', { name: 'Reload' }).click();
    await expect(generateButton(page)).toBeVisible();
  },
);

faultTest('what is stored of the form and the models is not what this version writes', async (page) => {
  const keys = ['models', 'model', 'accepted', 'settings.moving-shapes', 'settings.https://a.example/b', 'token'];
  const mine = 'https://models.example/of-mine/';
  const values = [
    '',
    '{',
    'null',
    '"text"',
    '[1, null, "text", [], {}]',
    '{"url": "https://a.example/b", "name": "text"}',
    JSON.stringify(['http://[', '//', 'javascript:0', 'folder', ''].map((url) => ({ url, name: url }))),
    JSON.stringify(
      ['https://a.example/b', 'https://a.example/b', 'models/moving-shapes?v=5'].map((url) => ({ url, name: url })),
    ),
    '{"prompt": 1, "seed": 1e999, "steps": -1, "scheduler": "__proto__", "width": {}, "numFrames": 1e9}',
    'https://a.example/b',
    'x'.repeat(5e5),
  ];
  for (const value of values) {
    await page.evaluate(
      ([names, text]) => {
        for (const name of names) localStorage.setItem(`kinora.${name}`, text);
      },
      [keys, value] as const,
    );
    await page.reload();
    await page.getByRole('button', { name: 'Models' }).click();
    await expect(page.getByRole('article', { name: 'Moving shapes' }), value.slice(0, 99)).toBeVisible();
  }
  // and readable entries are kept
  await page.evaluate((url) => {
    localStorage.clear();
    localStorage.setItem('kinora.models', JSON.stringify([{ url: 'http://[', name: 'x' }, 7, { url, name: 'x' }]));
  }, mine);
  await page.reload();
  await page.getByRole('button', { name: 'Models' }).click();
  await expect(page.getByRole('article', { name: mine })).toBeVisible();
  await page.keyboard.press('Escape');
});

faultTest('the thirty-first video: the shelf says beforehand that it takes the place of the first', async (page) => {
  const words = page.getByText('the next video replaces the oldest');
  await makeVideos(page, 29);
  await expect(words).toBeHidden();
  await makeVideo(page);
  await expect(words).toBeVisible();
  await thumbs(page).last().getByRole('button').click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download .mp4' }).click();
  await downloading;
  await generateButton(page).click();
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
  await expect(thumbs(page)).toHaveCount(30);
  await page.reload();
});

faultTest('the page is reloaded: the browser asks while there is something to lose, and only then', async (page) => {
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => dialogs.push(dialog.type()));
  const reload = async () => {
    await page.evaluate(() => void setTimeout(() => location.reload()));
    await page.waitForEvent('load');
  };
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).click();
  await reload();
  expect(dialogs).toEqual([]);

  // a download that gets no response
  await page.route(/\/unet\/.*\.safetensors/, () => undefined);
  await page.getByRole('button', { name: 'Models' }).click();
  const card = page.getByRole('article', { name: 'Moving shapes' });
  await card.getByRole('button', { name: 'Download' }).click();
  await expect(card.getByRole('button', { name: 'Pause' })).toBeVisible();
  await asksBeforeReload(page);
  await page.unrouteAll();
  page.once('dialog', (dialog) => dialog.accept());
  await reload();

  await startLongVideo(page);
  await asksBeforeReload(page);
  await cancel(page);
  dialogs.length = 0;
  await reload();
  expect(dialogs).toEqual([]);

  await makeVideo(page);
  await asksBeforeReload(page);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download .mp4' }).click();
  await download;
  dialogs.length = 0;
  await reload();
  expect(dialogs).toEqual([]);
});

test('http on an address that is not this machine: what needs a secure context is not offered, with the reason', async () => {
  const host = await startPlainHost(dist);
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [...webgpuArgs, '--host-resolver-rules=MAP kinora.test 127.0.0.1'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(host.home.replace('127.0.0.1', 'kinora.test'));
    const reason = 'This page was not opened over https or on localhost';
    await expect(generateButton(page)).toHaveAttribute('aria-disabled', 'true');
    await expect(page.getByText(reason)).toBeVisible();
    await page.getByRole('button', { name: 'Models' }).click();
    const panel = page.getByRole('dialog', { name: 'Models' });
    await expect(panel.getByText(reason)).toBeVisible();
    await panel.getByLabel('Model folder').setInputFiles(path.join(dist, 'models/moving-shapes'));
    for (const name of [/^Download…?$/, 'Use in place', 'Copy into the browser']) {
      for (const button of await panel.getByRole('button', { name }).all()) {
        await expect(button).toHaveAttribute('aria-disabled', 'true');
        await expect(button).toHaveAccessibleDescription(new RegExp(reason));
        await button.click({ force: true });
      }
    }
    await expect(panel.getByRole('alert')).toHaveCount(0);
  } finally {
    await browser.close();
    host.close();
  }
});
