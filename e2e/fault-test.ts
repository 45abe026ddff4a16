/** Shared parts of the fault tests: a small video, and what has to hold after every fault. */
import { expect, type Page, test } from '@playwright/test';
import { generateButton, prompt } from './visitor';

export const bar = (page: Page) => page.getByRole('progressbar');
export const thumbs = (page: Page) => page.locator('.shelf li');
export const failure = (page: Page) => page.getByRole('alert').locator('[data-code]');

/** One frame of 64×64, which takes a fraction of a second to make. */
export async function openSmall(page: Page, { steps = 1, home = '/?device=wasm' } = {}): Promise<void> {
  const settings = { prompt, steps, seed: 7, newSeed: false, guidance: 1, numFrames: 1, width: 64, height: 64 };
  // as the previous visit left them
  await page.addInitScript((json) => {
    if (!localStorage.getItem('kinora.settings.moving-shapes'))
      localStorage.setItem('kinora.settings.moving-shapes', json);
  }, JSON.stringify(settings));
  await page.goto(home);
  await expect(generateButton(page)).toBeVisible();
}

export const setSteps = (page: Page, steps: number) =>
  page.getByRole('spinbutton', { name: 'Steps' }).fill(String(steps));

export async function makeVideo(page: Page): Promise<void> {
  const before = await thumbs(page).count();
  await setSteps(page, 1);
  await generateButton(page).click();
  await expect(thumbs(page)).toHaveCount(before + 1);
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Done');
}

/** A run of many steps, during which the fault occurs. */
export async function startLongVideo(page: Page, steps = 300): Promise<void> {
  await setSteps(page, steps);
  await generateButton(page).click();
  await expect(bar(page)).toHaveAttribute('aria-valuetext', /^Step ([2-9]|\d\d)/);
}

export async function cancel(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await expect(bar(page)).toHaveAttribute('aria-valuetext', 'Cancelled');
}

/**
 * A test of what can go wrong in the middle of a visit: afterwards the page still has every finished video, and makes the next
 * one without a reload.
 */
export function faultTest(fault: string, happens: (page: Page, origin: string) => Promise<void>): void {
  test(fault, async ({ page, baseURL }) => {
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await openSmall(page);
    await happens(page, new URL(baseURL ?? '').origin);
    await makeVideo(page);
    await expect(failure(page)).toHaveCount(0);
    // no lock is left behind that the next download would wait for
    // each worker holds a lock while it lives, and the page waits for it
    const locks = await page.evaluate(async () => {
      const { held = [], pending = [] } = await navigator.locks.query();
      return [...held, ...pending].map(({ name }) => name).filter((name) => !name?.startsWith('kinora worker '));
    });
    expect(locks).toEqual([]);
    expect(errors.map(({ message }) => message)).toEqual([]);
  });
}
