/** What tests of the page share: how a visitor fills in the form and waits. */
import { expect, type Page } from '@playwright/test';

export const prompt = 'a red circle moving right on a blue background';

/** Opens the page on the CPU, with a seed that stays. Few steps show little, but take every path. */
export async function openPage(page: Page, steps: number, query = '', home = '/'): Promise<void> {
  await page.goto(`${home}?device=wasm${query}`);
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill(prompt);
  await page.getByRole('spinbutton', { name: 'Steps' }).fill(String(steps));
  await page.getByRole('checkbox', { name: 'New seed for every video' }).uncheck();
  await page.getByRole('spinbutton', { name: 'Seed' }).fill('7');
}

export const generateButton = (page: Page) => page.getByRole('button', { name: 'Generate' });
export const theVideo = (page: Page) => page.getByLabel(/^Video: /);

/** Opens the panel of models. */
export async function openModels(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Models/ }).press('Enter');
}

export async function waitForServiceWorker(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** The addresses of all that lies in caches of the page's origin, by the caches' names. */
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
  const bar = page.getByRole('progressbar');
  await expect(bar).toHaveAttribute('aria-valuetext', /^(Done|Cancelled|Stopped by an error)$/, { timeout: 240_000 });
  const details = page.getByLabel('Details of the error');
  if ((await details.count()) > 0) throw new Error(await details.inputValue());
  await expect(theVideo(page)).toBeVisible();
}
