import { expect, test } from '@playwright/test';
import { generateButton, openPage, theFailure, waitForPreview, waitForVideo } from './visitor';

test('a model of another kind', async ({ page }) => {
  await page.route(/model_index\.json/, (route) => route.fulfill({ json: { _class_name: 'StableDiffusionPipeline' } }));
  await openPage(page, 1);
  await generateButton(page).click();
  await expect(theFailure(page)).toHaveAttribute('data-code', 'invalid-checkpoint');
});

test('no connection; the next try goes through', async ({ page }) => {
  await page.route(/\/models\//, (route) => route.abort());
  await openPage(page, 1);
  await generateButton(page).click();
  await expect(theFailure(page)).toHaveAttribute('data-code', 'network');
  await expect(page).toHaveTitle('Failed · Kinora');
  await page.unrouteAll();
  await generateButton(page).click();
  await waitForVideo(page);
  await expect(theFailure(page)).toHaveCount(0);
});

test('a GPU that is not there', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'gpu'));
  await page.goto('/');
  await expect(page.getByText('Runs on the CPU: this browser offers no WebGPU')).toBeVisible();
});

test('a worker that dies is replaced', async ({ page }) => {
  await openPage(page, 300);
  await generateButton(page).click();
  await waitForPreview(page);
  await page.workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error('out of luck');
    });
  });
  await expect(theFailure(page)).toHaveAttribute('data-code', 'worker-died');
  await page.getByRole('spinbutton', { name: 'Steps' }).fill('1');
  await generateButton(page).click();
  await waitForVideo(page);
});
