/** What can go wrong while a video is made. */
import { chromium, expect, type Page, test } from '@playwright/test';
import { chromiumPath, webgpuArgs } from '../scripts/chromium.mjs';
import { bar, cancel, failure, faultTest, openSmall, setSteps, startLongVideo, thumbs } from './fault-test';
import { generateButton } from './visitor';

const ended = /^(Done|Cancelled|Failed)$/;

faultTest('the worker throws', async (page) => {
  await startLongVideo(page);
  await page.workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error('out of luck');
    });
  });
  await expect(failure(page)).toHaveAttribute('data-code', 'worker-died');
});

faultTest('the file of the worker does not arrive', async (page) => {
  await page.route(/assets\/generation-/, (route) => route.abort());
  await generateButton(page).click();
  await expect(failure(page)).toHaveAttribute('data-code', 'part-not-loaded');
  await page.unrouteAll();
});

faultTest('two tabs bring in the model and make a video at once', async (page) => {
  const other = await page.context().newPage();
  await openSmall(other);
  await Promise.all([page, other].map((tab) => generateButton(tab).click()));
  await Promise.all([page, other].map((tab) => expect(thumbs(tab)).toHaveCount(1)));
  await other.close();
});

faultTest('Generate and Cancel twenty times', async (page) => {
  await setSteps(page, 300);
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('Control+Enter');
    await expect(bar(page)).not.toHaveAttribute('aria-valuetext', ended);
    // at a different moment each time
    await page.waitForTimeout(5 * i);
    await cancel(page);
  }
});

faultTest('fifty presses in one task make one video', async (page) => {
  await generateButton(page).evaluate((button: HTMLButtonElement) => {
    for (let i = 0; i < 50; i++) button.click();
  });
  await expect(thumbs(page)).toHaveCount(1);
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
  await page.waitForTimeout(500);
  await expect(thumbs(page)).toHaveCount(1);
});

faultTest('no connection for some seconds while the weights come', async (page) => {
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
});

faultTest('site data is cleared in the middle of a run', async (page, origin) => {
  await startLongVideo(page, 40);
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await expect(thumbs(page)).toHaveCount(1);
});

faultTest('the browser refuses to store the model', async (page, origin) => {
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });
  await generateButton(page).click();
  await expect(failure(page)).toHaveAttribute('data-code', 'quota');
  await session.send('Storage.overrideQuotaForOrigin', { origin });
});

faultTest('the page is frozen in the middle of a run', async (page) => {
  await startLongVideo(page, 60);
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await expect(thumbs(page)).toHaveCount(1);
});

test.describe('the GPU process dies', () => {
  const loads = /^Preparing the denoiser/;
  /** Milliseconds until it exists and answers. */
  const nextGpuProcess = 1500;

  /** In a separate browser: after several such crashes Chromium provides no GPU any more. */
  async function onGpu(work: (page: Page, crash: () => Promise<unknown>) => Promise<void>, baseURL?: string) {
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: webgpuArgs });
    try {
      const session = await browser.newBrowserCDPSession();
      const page = await browser.newPage({ baseURL });
      await openSmall(page, { home: '/?device=webgpu' });
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
