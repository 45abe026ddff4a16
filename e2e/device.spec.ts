/** The device panel: what it says about the browser is true, and what it offers works. */
import { expect, type Page, test } from '@playwright/test';
import { expectAccessible, generateButton, setSize, waitForEnd, waitForPreview } from './visitor';

const panel = (page: Page) => page.getByRole('dialog', { name: 'This device' });
const opener = (page: Page) => page.getByRole('button', { name: 'About this device' });
const verdict = (page: Page) => panel(page).getByText(/^This device (cannot make|can make|has everything)/);

const row = (page: Page, name: string) =>
  panel(page)
    .locator('.device-row')
    .filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}`) }) });

async function openPanel(page: Page): Promise<void> {
  await opener(page).click();
  await expect(panel(page)).toBeVisible();
  // the worker starts, reads the configs and counts
  await expect(verdict(page)).toBeVisible({ timeout: 120_000 });
}

test('by keyboard: opens, keeps the focus, closes with Esc and gives the focus back', async ({ page }) => {
  const code: string[] = [];
  page.on('request', (request) => code.push(request.url()));
  await page.goto('/', { waitUntil: 'networkidle' });
  expect(code.filter((url) => url.includes('device-panel'))).toEqual([]);
  expect(page.workers()).toHaveLength(0);
  await opener(page).focus();
  await page.keyboard.press('Enter');
  await expect(panel(page)).toBeVisible();
  await expect(panel(page).getByRole('button', { name: 'Close' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(panel(page)).toBeHidden();
  await expect(opener(page)).toBeFocused();
  // it started or cancelled no video
  await expect(page.getByRole('progressbar')).toHaveAttribute('aria-valuetext', 'Ready');
});

for (const width of [1280, 360]) {
  test(`${width} pixels wide: axe finds nothing, nothing overflows`, async ({ page }) => {
    await page.setViewportSize({ width, height: 740 });
    await page.goto('/');
    await setSize(page, { frames: 64, width: 1024, height: 1024 });
    await openPanel(page);
    await panel(page).getByText('Report as text').first().click();
    await expectAccessible(page);
    expect(await panel(page).evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBeLessThanOrEqual(0);
    await panel(page).getByRole('button', { name: 'Close' }).click();
    await expect(panel(page)).toBeHidden();
  });
}

test('names the adapter, or that there is none, as the browser has it', async ({ page }) => {
  await page.goto('/');
  await openPanel(page);
  const facts = await page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    return {
      adapter: adapter && {
        vendor: adapter.info.vendor,
        architecture: adapter.info.architecture,
        float16: adapter.features.has('shader-f16'),
      },
      h264: (await VideoEncoder.isConfigSupported({ codec: 'avc1.42e01e', width: 128, height: 128 })).supported,
    };
  });
  if (facts.adapter) {
    const { vendor, architecture, float16 } = facts.adapter;
    await expect(row(page, 'Adapter')).toContainText(`${vendor} ${architecture}`);
    // the Chromium of the tests has WebGPU through SwiftShader
    if (architecture === 'swiftshader') await expect(row(page, 'Adapter')).toContainText('software adapter');
    await expect(row(page, 'Half precision')).toContainText(float16 ? 'half the memory' : 'twice the memory');
  } else {
    await expect(row(page, 'WebGPU')).toContainText('not available');
  }
  await expect(row(page, 'H.264')).toContainText(facts.h264 ? 'can encode 128×128' : 'cannot encode');
  await expect(row(page, 'Secure context')).toContainText('yes');
});

test('says that there is no WebGPU where there is none', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
  await page.goto('/');
  await openPanel(page);
  await expect(row(page, 'WebGPU')).toContainText('not available');
  await expect(row(page, 'Adapter')).toHaveCount(0);
});

test('the report is copied; where the browser refuses, it can be copied by hand', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/?device=wasm');
  await openPanel(page);
  await panel(page).getByRole('button', { name: 'Copy report' }).click();
  await expect(panel(page).getByText(/^Copied/)).toBeVisible();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toMatch(/^Kinora \d+\.\d+\.\d+, device report\n/);
  expect(report).toContain(await page.evaluate(() => navigator.userAgent));
  for (const row of await panel(page).locator('.device-row').all()) {
    const [name, value] = await Promise.all([row.locator('dt').textContent(), row.locator('dd').first().textContent()]);
    expect(report).toContain(`${name}: ${value}. `);
  }

  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('refused', 'NotAllowedError'));
  });
  await panel(page).getByRole('button', { name: 'Copy report' }).click();
  await expect(panel(page).getByRole('textbox', { name: 'Report as text' })).toHaveValue(/^Kinora .*, device report/);
  await expect(panel(page).getByText(/Copy the text above by hand/)).toBeVisible();
});

test('an impossible size says so, and what is offered instead changes the form', async ({ page }) => {
  await page.goto('/?device=wasm');
  // attention among 4096 latent pixels, in 64 frames at once, exceeds the 4 GiB that WebAssembly can address
  await setSize(page, { frames: 64, width: 1024, height: 1024 });
  await openPanel(page);
  await expect(verdict(page)).toHaveText('This device cannot make this video.');
  await expect(
    panel(page)
      .getByText(/WebAssembly can hold 4 GiB/)
      .first(),
  ).toBeVisible();
  await panel(page).getByRole('button', { name: 'Use 512×512' }).click();
  await expect(verdict(page)).toHaveText(/^This device (can make|has everything)/, { timeout: 120_000 });
  await expect(panel(page).getByRole('heading', { name: '64 frames of 512×512' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByLabel('Width')).toHaveValue('512');
  await expect(page.getByLabel('Height')).toHaveValue('512');
  await expect(page.getByLabel('Frames', { exact: true })).toHaveValue('64');
});

test('the form says that the device cannot hold its size, once a worker is there to know', async ({ page }) => {
  await page.goto('/?device=wasm');
  const note = page.getByText('This device cannot hold this size.');
  await openPanel(page);
  await page.keyboard.press('Escape');
  await setSize(page, { frames: 64, width: 1024, height: 1024 });
  await expect(note).toBeVisible();
  await page.getByLabel('Frames', { exact: true }).fill('8');
  await expect(note).toBeHidden();
  await page.getByLabel('Frames', { exact: true }).fill('64');
  await expect(note).toBeVisible();
  await page.getByRole('button', { name: 'What would work' }).click();
  await expect(panel(page).getByRole('button', { name: 'Use 16 frames' })).toBeVisible();
});

test('a model that cannot be read: its needs are unknown, and the rest is there', async ({ page }) => {
  await page.goto('/?model=models/no-such-model');
  await opener(page).click();
  await expect(
    panel(page)
      .getByText(/What the model needs is not known/)
      .first(),
  ).toBeVisible({ timeout: 120_000 });
  await expect(row(page, 'Secure context')).toBeVisible();
});

test('a panel whose code does not arrive leaves the page as it is, and comes at the next try', async ({ page }) => {
  let broken = true;
  await page.route('**/device-panel*', (route) => (broken ? route.abort() : route.continue()));
  await page.goto('/?device=wasm');
  await opener(page).click();
  await expect(
    page.getByText('This part of the page could not be downloaded, although the server answers.'),
  ).toBeVisible();
  await expect(page.getByRole('button', { name: 'Generate' })).toBeEnabled();
  broken = false;
  await openPanel(page);
});

test('an error of the device leads to the panel, which says what to change', async ({ page }) => {
  await page.goto('/?device=webgpu&dtype=float16');
  const float16 = await page.evaluate(async () => (await navigator.gpu?.requestAdapter())?.features.has('shader-f16'));
  test.skip(float16 !== false, 'needs a GPU without half precision');
  await generateButton(page).click();
  await page.getByRole('button', { name: 'See what would work' }).click({ timeout: 120_000 });
  await expect(verdict(page)).toHaveText('This device cannot make this video.', { timeout: 120_000 });
  await expect(panel(page).getByText('Remove “dtype” from the address.').first()).toBeVisible();
  const other = panel(page).getByRole('link', { name: 'Open on the CPU' });
  await expect(other).toHaveAttribute('href', /\?device=wasm$/);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'See what would work' })).toBeFocused();
});

test('beside a job: its needs are counted, and Esc closes the panel and not the job', async ({ page }) => {
  await page.goto('/?device=wasm');
  await page.getByLabel('Steps').fill('200');
  await generateButton(page).click();
  await waitForPreview(page);
  await openPanel(page);
  await page.keyboard.press('Escape');
  await expect(panel(page)).toBeHidden();
  const bar = page.getByRole('progressbar');
  const before = await bar.getAttribute('aria-valuetext');
  await expect(bar).not.toHaveAttribute('aria-valuetext', before ?? '');
  await expect(bar).toHaveAttribute('aria-valuetext', /^Step/);
  await page.keyboard.press('Escape');
  await waitForEnd(page, 'Cancelled');
});
