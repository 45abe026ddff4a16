/** What is uploaded as a release: checksums, version, licences. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import facts from '../package.json' with { type: 'json' };
import { checksums } from '../scripts/build/checksums-plugin';

test('the list of checksums is the one of the built folder', () => {
  const folder = path.resolve(import.meta.dirname, '../dist');
  const list = readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8');
  expect(list).toBe(checksums(folder));
  expect(list).toMatch(/ {2}index\.html\n/);
  expect(list).toMatch(/ {2}service-worker\.js\n/);
});

test('the page says its version, and what it contains of others, without a network too', async ({ page, context }) => {
  await page.goto('/');
  await expect(page.getByText(`Kinora ${facts.version}`)).toBeVisible();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Licences' }).click();
  await expect(page.getByRole('heading', { name: 'Licences' })).toBeVisible();
  // one package each of the page, the generation worker, and the service worker
  for (const name of ['react', 'onnxruntime-web', 'workbox-precaching']) {
    await page.getByText(new RegExp(`^${name} [0-9.]+`)).click();
  }
  await expect(page.getByText('Copyright (c) Microsoft Corporation')).toBeVisible();
  await page.getByRole('link', { name: 'Back to Kinora' }).click();
  await expect(page.getByRole('button', { name: 'Generate' })).toBeVisible();
});
