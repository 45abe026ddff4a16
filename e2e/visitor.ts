/** What tests of the page share: how a visitor fills in the form and waits, and checks that apply to everything shown. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

export const prompt = 'a red circle moving right on a blue background';

/** Opens the page on the CPU, with a fixed seed. Few steps show little, but take every path. */
export async function openPage(page: Page, steps: number, query = '', home = '/'): Promise<void> {
  await page.goto(`${home}?device=wasm${query}`);
  await fillForm(page, steps);
  await page.getByRole('checkbox', { name: 'New seed for every video' }).uncheck();
  await page.getByRole('spinbutton', { name: 'Seed' }).fill('7');
}

export async function fillForm(page: Page, steps: number, text = prompt): Promise<void> {
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill(text);
  await page.getByRole('spinbutton', { name: 'Steps' }).fill(String(steps));
}

/** Opens the group of settings that contains the size. */
export async function setSize(page: Page, size: { frames: number; width: number; height: number }): Promise<void> {
  await page.getByText('Scheduler, speed and size').click();
  await page.getByLabel('Frames', { exact: true }).fill(String(size.frames));
  await page.getByLabel('Width').fill(String(size.width));
  await page.getByLabel('Height').fill(String(size.height));
}

export const generateButton = (page: Page) => page.getByRole('button', { name: 'Generate' });
export const theVideo = (page: Page) => page.getByLabel(/^Video: /);
/** The error that is shown; its `data-code` is the error's code. */
export const theFailure = (page: Page) => page.getByRole('alert').locator('[data-code]');

/** Waits until the job has finished its first step. */
export async function waitForPreview(page: Page): Promise<void> {
  await expect(page.getByRole('img', { name: /^Preview/ })).toBeVisible({ timeout: 120_000 });
}

/** Waits until the running job ends in this way. */
export async function waitForEnd(page: Page, end: 'Done' | 'Cancelled' | 'Failed'): Promise<void> {
  const words = /^(Done|Cancelled|Failed)$/;
  const bar = page.getByRole('progressbar');
  await expect(bar).toHaveAttribute('aria-valuetext', words, { timeout: 240_000 });
  const details = page.getByLabel('Details of the error');
  if (end === 'Done' && (await details.count()) > 0) throw new Error(await details.inputValue());
  await expect(bar).toHaveAttribute('aria-valuetext', end);
}

/** Opens the panel of models. */
export async function openModels(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Models/ }).press('Enter');
}

export async function waitForServiceWorker(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** The addresses of all cached files of the page's origin, by the caches' names. */
export function cachedFiles(page: Page): Promise<Record<string, string[]>> {
  return page.evaluate(async () => {
    const found: Record<string, string[]> = {};
    for (const name of await caches.keys()) {
      found[name] = (await (await caches.open(name)).keys()).map(({ url }) => url);
    }
    return found;
  });
}

/** Waits for the end of the running job, which must not fail. */
export async function waitForVideo(page: Page): Promise<void> {
  await waitForEnd(page, 'Done');
  await expect(theVideo(page)).toBeVisible();
}

/** axe finds nothing, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }
}
