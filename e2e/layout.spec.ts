import { expect, test } from '@playwright/test';
import { expectAccessible, generateButton, openPage, theVideo, waitForPreview, waitForVideo } from './visitor';

for (const width of [1280, 360]) {
  test(`${width} pixels wide: axe finds nothing, nothing overflows, nothing jumps`, async ({ page }) => {
    await page.setViewportSize({ width, height: 740 });
    const check = async () => {
      await expectAccessible(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    };
    const placeOf = async (selector: string) => {
      const box = await page.locator(selector).boundingBox();
      const scrolled = await page.evaluate(() => scrollY);
      return box && { ...box, y: box.y + scrolled };
    };

    await openPage(page, 2);
    await page.getByText('Negative prompt').first().click();
    await page.getByText('Scheduler, speed and size').click();
    await check();
    const places = async () => [await placeOf('.stage'), await placeOf('.progress-bar'), await placeOf('.primary')];
    const atRest = await places();
    await generateButton(page).click();
    await waitForPreview(page);
    expect(await places()).toEqual(atRest);
    await waitForVideo(page);
    expect(await places()).toEqual(atRest);
    // with reduced motion nothing plays by itself
    expect(await theVideo(page).evaluate((video: HTMLVideoElement) => video.paused)).toBe(true);
    await check();
  });
}

test('the page is small; a worker starts with the first video', async ({ page }) => {
  let bytes = 0;
  page.on('response', async (response) => {
    bytes += (await response.body().catch(() => Buffer.alloc(0))).length;
  });
  await page.goto('/', { waitUntil: 'networkidle' });
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(600_000);
  expect(page.workers()).toHaveLength(0);
});
