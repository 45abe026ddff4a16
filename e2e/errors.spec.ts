import { expect, type Page, test } from '@playwright/test';
import { generateButton, openPage, waitForVideo } from './visitor';

const failure = (page: Page) => page.getByRole('alert').locator('[data-code]');

test('a model of another kind', async ({ page }) => {
  await page.route(/model_index\.json/, (route) => route.fulfill({ json: { _class_name: 'StableDiffusionPipeline' } }));
  await openPage(page, 1);
  await generateButton(page).click();
  await expect(failure(page)).toHaveAttribute('data-code', 'invalid-checkpoint');
});

test('no connection; the next try goes through', async ({ page }) => {
  await page.route(/\/models\//, (route) => route.abort());
  await openPage(page, 1);
  await generateButton(page).click();
  await expect(failure(page)).toHaveAttribute('data-code', 'network');
  await expect(page).toHaveTitle('Failed · Kinora');
  await page.unrouteAll();
  await generateButton(page).click();
  await waitForVideo(page);
  await expect(failure(page)).toHaveCount(0);
});

test('a GPU that is not there', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'gpu'));
  await page.goto('/');
  await expect(page.getByText('Runs on the CPU: this browser offers no WebGPU')).toBeVisible();
});
