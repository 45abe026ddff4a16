import { expect, test } from '@playwright/test';
import { generateButton, openPage, theFailure, waitForVideo } from './visitor';

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

test('the key of a signed address is in none of the texts that can be copied', async ({ page }) => {
  await openPage(page, 1, `&model=${encodeURIComponent('models/none/?X-Amz-Signature=SECRET')}`);
  await generateButton(page).click();
  await expect(theFailure(page)).toHaveAttribute('data-code', /not-found|html-answer/);
  const details = await page.getByLabel('Details of the error').inputValue();
  expect(details).toContain('/models/none/model_index.json');
  expect(details).toMatch(/^Model: http.*\/models\/none\/$/m);
  await page.getByRole('button', { name: 'About this device' }).first().click();
  const report = page.getByRole('textbox', { name: 'Report as text', includeHidden: true });
  await expect(report).toHaveValue(/What the model needs is not known/);
  expect(await report.inputValue()).toContain('/models/none/');
  expect(details + (await report.inputValue())).not.toMatch(/SECRET|Signature/);
});

test('a GPU that is not there', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'gpu'));
  await page.goto('/');
  await expect(page.getByText('Runs on the CPU: this browser offers no WebGPU')).toBeVisible();
});
