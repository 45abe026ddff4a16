/**
 * What can go wrong in the middle of a visit. After each row the page still has every video that was finished, and makes the
 * next one without a reload.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, expect, type Page, test } from '@playwright/test';
import { chromiumPath, webgpuArgs } from '../scripts/chromium.mjs';
import { startPlainHost } from './plain-host';
import { generateButton, prompt } from './visitor';

const dist = path.resolve(import.meta.dirname, '../dist');
const bar = (page: Page) => page.getByRole('progressbar');
const thumbs = (page: Page) => page.locator('.shelf li');
const failure = (page: Page) => page.getByRole('alert').locator('[data-code]');
const ended = /^(Done|Cancelled|Stopped by an error)$/;

/** One frame of 64×64, which is made in a fraction of a second. */
async function open(page: Page, { steps = 1, home = '/?device=wasm' } = {}): Promise<void> {
  const settings = { prompt, steps, seed: 7, newSeed: false, guidance: 1, numFrames: 1, width: 64, height: 64 };
  // as the visit before has left them
  await page.addInitScript((json) => {
    if (!localStorage.getItem('kinora.settings.moving-shapes'))
      localStorage.setItem('kinora.settings.moving-shapes', json);
  }, JSON.stringify(settings));
  await page.goto(home);
  await expect(generateButton(page)).toBeVisible();
}

const setSteps = (page: Page, steps: number) => page.getByRole('spinbutton', { name: 'Steps' }).fill(String(steps));

async function makeVideo(page: Page): Promise<void> {
  const before = await thumbs(page).count();
  await setSteps(page, 1);
  await generateButton(page).click();
  await expect(thumbs(page)).toHaveCount(before + 1);
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
}

/** Without a look at each: so they are made as fast as they can be. */
async function makeVideos(page: Page, count: number): Promise<void> {
  await page.evaluate(async (wanted) => {
    while (document.querySelectorAll('.shelf li').length < wanted) {
      document.querySelector<HTMLButtonElement>('button.primary:not([aria-disabled=true])')?.click();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, count);
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
}

/** A run of many steps, in the middle of which the fault comes. */
async function startLongVideo(page: Page, steps = 300): Promise<void> {
  await setSteps(page, steps);
  await generateButton(page).click();
  await expect(bar(page)).toHaveAttribute('aria-valuetext', /^Step ([2-9]|\d\d)/);
}

async function cancel(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Cancelled');
}

/** Whether the browser asks before the page is reloaded; the answer is to stay. */
async function asksBeforeReload(page: Page): Promise<void> {
  const asked = page.waitForEvent('dialog');
  await page.evaluate(() => void setTimeout(() => location.reload()));
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
}

/** Stands for whatever may make a component throw: an extension, a translation, a fault of ours. */
async function breakNumbers(page: Page): Promise<void> {
  await page.evaluate(() => {
    Number.prototype.toFixed = () => {
      throw new Error('out of luck');
    };
  });
}

interface Row {
  fault: string;
  happens: (page: Page, origin: string) => Promise<void>;
}

const rows: Row[] = [
  {
    fault: 'the worker throws',
    happens: async (page) => {
      await startLongVideo(page);
      await page.workers()[0]?.evaluate(() => {
        setTimeout(() => {
          throw new Error('out of luck');
        });
      });
      await expect(failure(page)).toHaveAttribute('data-code', 'worker-died');
    },
  },
  {
    fault: 'the file of the worker does not arrive',
    happens: async (page) => {
      await page.route(/assets\/generation-/, (route) => route.abort());
      await generateButton(page).click();
      await expect(failure(page)).toHaveAttribute('data-code', 'part-not-loaded');
      await page.unrouteAll();
    },
  },
  {
    fault: 'two tabs bring in the model and make a video at once',
    happens: async (page) => {
      const other = await page.context().newPage();
      await open(other);
      await Promise.all([page, other].map((tab) => generateButton(tab).click()));
      await Promise.all([page, other].map((tab) => expect(thumbs(tab)).toHaveCount(1)));
      await other.close();
    },
  },
  {
    fault: 'Generate and Cancel twenty times',
    happens: async (page) => {
      await setSteps(page, 300);
      for (let i = 0; i < 20; i++) {
        await page.keyboard.press('Control+Enter');
        await expect(bar(page)).not.toHaveAttribute('aria-valuetext', ended);
        // at another moment each time
        await page.waitForTimeout(5 * i);
        await cancel(page);
      }
    },
  },
  {
    fault: 'fifty presses in one task make one video',
    happens: async (page) => {
      await generateButton(page).evaluate((button: HTMLButtonElement) => {
        for (let i = 0; i < 50; i++) button.click();
      });
      await expect(thumbs(page)).toHaveCount(1);
      await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
      await page.waitForTimeout(500);
      await expect(thumbs(page)).toHaveCount(1);
    },
  },
  {
    fault: 'no connection for some seconds while the weights come',
    happens: async (page) => {
      let requests = 0;
      let offline = false;
      await page.route(/\/unet\/.*\.safetensors/, async (route) => {
        // the first two are for the header
        if (++requests === 3) {
          offline = true;
          await page.context().setOffline(true);
        }
        return offline ? route.abort('internetdisconnected') : route.continue();
      });
      await generateButton(page).click();
      await expect.poll(() => offline).toBe(true);
      await page.waitForTimeout(2000);
      offline = false;
      await page.context().setOffline(false);
      await expect(thumbs(page)).toHaveCount(1);
      await page.unrouteAll();
    },
  },
  {
    fault: 'site data is cleared in the middle of a run',
    happens: async (page, origin) => {
      await startLongVideo(page, 40);
      const session = await page.context().newCDPSession(page);
      await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
      await expect(thumbs(page)).toHaveCount(1);
    },
  },
  {
    fault: 'the browser refuses to store the model',
    happens: async (page, origin) => {
      const session = await page.context().newCDPSession(page);
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });
      await generateButton(page).click();
      await expect(failure(page)).toHaveAttribute('data-code', 'quota');
      await session.send('Storage.overrideQuotaForOrigin', { origin });
    },
  },
  {
    fault: 'the page is frozen in the middle of a run',
    happens: async (page) => {
      await startLongVideo(page, 60);
      const session = await page.context().newCDPSession(page);
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await session.send('Page.setWebLifecycleState', { state: 'active' });
      await expect(thumbs(page)).toHaveCount(1);
    },
  },
  {
    fault: 'the browser keeps the clipboard to itself',
    happens: async (page) => {
      // none, that is
      await page.context().grantPermissions([]);
      await page.route(/\/models\//, (route) => route.abort());
      await generateButton(page).click();
      await page.getByRole('button', { name: 'Copy details' }).click();
      await expect(page.getByText('The browser did not allow it.')).toBeVisible();
      await expect(page.getByRole('textbox', { name: 'Details of the error' })).toBeVisible();
      await page.unrouteAll();
    },
  },
  {
    fault: 'a panel fails, then the page: its videos can still be downloaded, and a reload brings it back',
    happens: async (page) => {
      await makeVideo(page);
      await makeVideo(page);
      await breakNumbers(page);
      await page.getByRole('button', { name: 'Models' }).click();
      await expect(page.getByText('This part of the page has failed')).toBeVisible();
      await page.getByText('Details', { exact: true }).click();
      await expect(page.getByRole('textbox', { name: 'Details of the error' })).toHaveValue(/out of luck/);
      await page.getByRole('button', { name: 'Close' }).click();
      await expect(page.getByText('This part of the page has failed')).toBeHidden();

      await thumbs(page).last().getByRole('button').click();
      await expect(page.getByText('The page has failed')).toBeVisible();
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
  },
  {
    fault: 'what is stored of the form and the models is not what this version writes',
    happens: async (page) => {
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
      // and what can be read is kept
      await page.evaluate((url) => {
        localStorage.clear();
        localStorage.setItem('kinora.models', JSON.stringify([{ url: 'http://[', name: 'x' }, 7, { url, name: 'x' }]));
      }, mine);
      await page.reload();
      await page.getByRole('button', { name: 'Models' }).click();
      await expect(page.getByRole('article', { name: mine })).toBeVisible();
      await page.keyboard.press('Escape');
    },
  },
  {
    fault: 'the thirty-first video: the shelf says beforehand that it takes the place of the first',
    happens: async (page) => {
      const words = page.getByText('the next video takes the place of the oldest one here');
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
    },
  },
  {
    fault: 'the page is reloaded: the browser asks while there is something to lose, and only then',
    happens: async (page) => {
      const dialogs: string[] = [];
      page.on('dialog', (dialog) => dialogs.push(dialog.type()));
      const reload = async () => {
        await page.evaluate(() => void setTimeout(() => location.reload()));
        await page.waitForEvent('load');
      };
      await page.getByRole('textbox', { name: 'Prompt', exact: true }).click();
      await reload();
      expect(dialogs).toEqual([]);

      // a download without an answer
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
    },
  },
];

for (const { fault, happens } of rows) {
  test(fault, async ({ page, baseURL }) => {
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await open(page);
    await happens(page, new URL(baseURL ?? '').origin);
    await makeVideo(page);
    await expect(failure(page)).toHaveCount(0);
    // no lock is left behind that the next download would wait for
    // each worker holds one for as long as it lives, and the page waits for it
    const locks = await page.evaluate(async () => {
      const { held = [], pending = [] } = await navigator.locks.query();
      return [...held, ...pending].map(({ name }) => name).filter((name) => !name?.startsWith('kinora worker '));
    });
    expect(locks).toEqual([]);
    expect(errors.map(({ message }) => message)).toEqual([]);
  });
}

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
    await panel.getByLabel('Folder of a model').setInputFiles(path.join(dist, 'models/moving-shapes'));
    for (const name of [/^Download…?$/, 'Use it where it lies', 'Copy it into the browser']) {
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

test.describe('the GPU process dies', () => {
  const loads = /^Preparing the denoiser/;
  /** Milliseconds until it is there, and answers. */
  const nextGpuProcess = 1500;

  /** With a browser of its own: after some such deaths Chromium gives no GPU any more. */
  async function onGpu(work: (page: Page, crash: () => Promise<unknown>) => Promise<void>, baseURL?: string) {
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: webgpuArgs });
    try {
      const session = await browser.newBrowserCDPSession();
      const page = await browser.newPage({ baseURL });
      await open(page, { home: '/?device=webgpu' });
      await generateButton(page).click();
      await expect(bar(page)).toHaveAttribute('aria-valuetext', loads);
      await work(page, () => session.send('Browser.crashGpuProcess'));
    } finally {
      await browser.close();
    }
  }

  test('while a network loads', ({ baseURL }) =>
    onGpu(async (page, crash) => {
      await crash();
      await expect(failure(page)).toHaveAttribute('data-code', 'device-lost');
      await page.waitForTimeout(nextGpuProcess);
      await generateButton(page).click();
      await expect(bar(page)).toHaveAttribute('aria-valuetext', /^Step/);
    }, baseURL));

  test('between two runs: nobody notices', ({ baseURL }) =>
    onGpu(async (page, crash) => {
      // the networks stay on their devices
      await cancel(page);
      await crash();
      await page.waitForTimeout(nextGpuProcess);
      await generateButton(page).click();
      await expect(bar(page)).toHaveAttribute('aria-valuetext', loads);
      await expect(page.getByRole('img', { name: /^Preview/ })).toBeVisible();
      await expect(failure(page)).toHaveCount(0);
    }, baseURL));
});
