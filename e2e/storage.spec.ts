/** What storage refuses or loses. */
import { expect, type Page, test } from '@playwright/test';
import type { HeadlessRequest } from '../src/headless';

const video: Omit<HeadlessRequest, 'source'> = {
  prompt: 'a red circle moving right on a blue background',
  negativePrompt: '',
  seed: 7,
  numInferenceSteps: 1,
  guidanceScale: 1,
  numFrames: 1,
  fps: 8,
  device: 'wasm',
  dtype: 'auto',
};

async function generate(page: Page, source: string) {
  return page.evaluate((request) => window.kinora.generate(request), { ...video, source });
}

async function storedBytes(page: Page): Promise<number> {
  return page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
}

test.beforeEach(async ({ page }) => {
  await page.goto('/headless.html');
  await page.waitForFunction(() => 'kinora' in window);
});

test('a browser without room says how much is missing, keeps what it has, and goes on when there is room', async ({
  page,
  baseURL,
}) => {
  const origin = new URL(baseURL ?? '').origin;
  const source = `${origin}/models/moving-shapes`;
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });
  const refused = await generate(page, source);
  expect(refused).toMatchObject({ ok: false, error: { code: 'quota' } });
  const { error } = refused as { error: { message: string } };
  expect(error.message).toMatch(/Of unet, [89] MB are still to be stored/);
  expect(await storedBytes(page)).toBeGreaterThan(3_000_000);

  await session.send('Storage.overrideQuotaForOrigin', { origin });
  const requests: string[] = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  expect(await generate(page, source)).toMatchObject({ ok: true });
  expect(requests.filter((path) => path.includes('text_encoder') && path.endsWith('.safetensors'))).toEqual([]);
});

test('site data that is cleared under the open page is fetched again', async ({ page, baseURL }) => {
  const origin = new URL(baseURL ?? '').origin;
  const source = `${origin}/models/moving-shapes`;
  expect(await generate(page, source)).toMatchObject({ ok: true });
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
  // another precision, so that the model is loaded anew
  const again = await page.evaluate((request) => window.kinora.generate(request), {
    ...video,
    source,
    dtype: 'float32' as const,
  });
  expect(again).toMatchObject({ ok: true });
});
