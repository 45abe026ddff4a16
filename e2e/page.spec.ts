/** The page as a visitor uses it: the shipped model, few steps. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { probeVideo } from '../tests/server/ffmpeg';

const prompt = 'a red circle moving right on a blue background';

async function fill(page: Page, { steps, text = prompt }: { steps: number; text?: string }): Promise<void> {
  await page.getByLabel('Prompt', { exact: true }).fill(text);
  await page.getByLabel('Steps').fill(String(steps));
}

/** A software GPU takes minutes for what the CPU does in seconds: one frame of a quarter of the size. */
async function makeTiny(page: Page): Promise<void> {
  await page.getByText('Scheduler, speed and size').click();
  await page.getByLabel('Frames', { exact: true }).fill('1');
  await page.getByLabel('Width').fill('64');
  await page.getByLabel('Height').fill('64');
  await page.getByLabel('Guidance').fill('1');
}

const generate = (page: Page) => page.getByRole('button', { name: 'Generate' });
const progress = (page: Page) => page.getByRole('progressbar');
const preview = (page: Page) => page.getByRole('img', { name: /^Preview/ });
const video = (page: Page) => page.getByLabel(/^Video: /);

async function waitFor(page: Page, end: 'Done' | 'Cancelled' | 'Stopped by an error'): Promise<void> {
  await expect(progress(page)).toHaveAttribute('aria-valuetext', end, { timeout: 600_000 });
}

/** What the step counter and the preview showed, in order, until the job ends. */
async function watch(page: Page): Promise<{ steps: number[]; previews: string[]; titles: string[] }> {
  const steps = new Set<number>();
  const previews = new Set<string>();
  const titles = new Set<string>();
  for (;;) {
    const seen = await page.evaluate(() => ({
      words: document.querySelector('[role=progressbar]')?.getAttribute('aria-valuetext') ?? '',
      preview: document.querySelector('canvas')?.dataset.step,
      title: document.title,
    }));
    const step = /^Step (\d+) of \d+$/.exec(seen.words)?.[1];
    if (step) steps.add(Number(step));
    if (seen.preview) previews.add(seen.preview);
    titles.add(seen.title);
    if (['Done', 'Cancelled', 'Stopped by an error'].includes(seen.words)) break;
    await page.waitForTimeout(50);
  }
  return { steps: [...steps], previews: [...previews], titles: [...titles] };
}

/** Requests for weights, by file. */
function countWeights(page: Page): string[] {
  const requests: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('.safetensors')) requests.push(new URL(request.url()).pathname);
  });
  return requests;
}

async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }
}

test('from the prompt to the file, on the CPU', async ({ page }, info) => {
  const weights = countWeights(page);
  const files: string[] = [];
  page.on('request', (request) => files.push(request.url()));
  await page.goto('/?device=wasm');
  await expect(page.getByText(/Runs on the CPU/)).toBeVisible();
  await page.waitForLoadState('networkidle');
  // nothing large before Generate
  expect(weights).toEqual([]);
  expect(files.filter((url) => /\.wasm|generation|ort/.test(url))).toEqual([]);
  await expectAccessible(page);

  await test.step('a run is cancelled', async () => {
    await fill(page, { steps: 50 });
    await page.keyboard.press('Control+Enter');
    await expect(preview(page)).toBeVisible({ timeout: 120_000 });
    await expect(generate(page)).toBeDisabled();
    await page.keyboard.press('Escape');
    await waitFor(page, 'Cancelled');
    await expect(video(page)).toHaveCount(0);
  });

  await test.step('another one is finished', async () => {
    await fill(page, { steps: 8 });
    await generate(page).click();
    const { steps, previews, titles } = await watch(page);
    await waitFor(page, 'Done');
    expect(steps.length).toBeGreaterThan(4);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(previews.length).toBeGreaterThan(4);
    expect(titles.some((title) => /^\d+ % · Kinora$/.test(title))).toBe(true);
    await expect(video(page)).toBeVisible();
    const shown = await video(page).evaluate((element: HTMLVideoElement) => ({
      width: element.videoWidth,
      height: element.videoHeight,
      duration: element.duration,
    }));
    expect(shown).toMatchObject({ width: 128, height: 128 });
    expect(shown.duration).toBeCloseTo(1, 2);
    await expectAccessible(page);
  });

  await test.step('it is downloaded', async () => {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: /Download/ }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^kinora-a-red-circle-moving-right-.*-seed-\d+\.mp4$/);
    const saved = path.join(info.outputDir, file.suggestedFilename());
    await file.saveAs(saved);
    const facts = await probeVideo(saved);
    expect(['h264', 'vp9', 'av1']).toContain(facts.codec_name);
    expect(facts).toMatchObject({ width: 128, height: 128, nb_read_frames: 8, avg_frame_rate: '8/1' });
    expect(facts.duration).toBeCloseTo(1, 3);
  });

  await test.step('the seed is reused', async () => {
    const seed = /-seed-(\d+)/.exec(
      (await page.getByRole('link', { name: /Download/ }).getAttribute('download')) ?? '',
    );
    await page.getByRole('button', { name: 'Reuse seed' }).click();
    await expect(page.getByLabel('Seed', { exact: true })).toHaveValue(seed?.[1] ?? '');
    await expect(page.getByLabel('New seed for every video')).not.toBeChecked();
  });

  await test.step('a second visit fetches no weights', async () => {
    expect(weights.length).toBeGreaterThan(0);
    weights.length = 0;
    await page.reload();
    // the form is as it was left
    await expect(page.getByLabel('Steps')).toHaveValue('8');
    await fill(page, { steps: 1 });
    await generate(page).click();
    await waitFor(page, 'Done');
    expect(weights).toEqual([]);
  });
});

test('on WebGPU', async ({ page }) => {
  test.slow();
  await page.goto('/?device=webgpu');
  await expect(page.getByText(/software adapter \(google swiftshader/)).toBeVisible();
  await fill(page, { steps: 2 });
  await makeTiny(page);
  await generate(page).click();
  await waitFor(page, 'Done');
  await expect(video(page)).toBeVisible();
  await expect(page.getByText(/^[\d.]+ s on a software adapter \(google swiftshader/)).toBeVisible();
});

test('a model that arrives incomplete', async ({ page }) => {
  let broken = true;
  await page.route('**/unet/*.safetensors*', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    // the header is short and arrives whole, what follows loses its end
    if (!broken || body.length < 1e5) return route.fulfill({ response, body });
    return route.fulfill({ response, body: body.subarray(0, body.length / 2) });
  });
  await page.goto('/?device=wasm');
  await fill(page, { steps: 1 });
  await generate(page).click();
  await waitFor(page, 'Stopped by an error');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The download of the model broke off');
  await alert.getByText('Details', { exact: true }).click();
  await expect(alert.getByLabel('Details of the error')).toHaveValue(/truncated: .*unet/);
  await expect(video(page)).toHaveCount(0);
  await expectAccessible(page);

  // nothing half-written passes for a model, and the next try goes through
  broken = false;
  await generate(page).click();
  await waitFor(page, 'Done');
  await expect(alert).toBeEmpty();
});

test('a model that is not there', async ({ page }) => {
  await page.goto('/?device=wasm&model=models/no-such-model');
  await generate(page).click();
  await waitFor(page, 'Stopped by an error');
  await expect(page.getByRole('alert')).not.toBeEmpty();
});

test('says why it cannot generate', async ({ page }) => {
  await page.goto('/');
  await fill(page, { steps: 0, text: ' ' });
  await expect(generate(page)).toBeDisabled();
  await expect(page.getByText('The prompt is empty.')).toBeVisible();
  await expect(page.getByText('Steps must be between 1 and 1000.').first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'red circle moving right' }).click();
  await page.getByText('Scheduler, speed and size').click();
  await page.getByRole('button', { name: 'Back to the recommended settings' }).click();
  await expect(generate(page)).toBeEnabled();
});

test('the entry brings no engine', async () => {
  const html = readFileSync(path.resolve(import.meta.dirname, '../dist/index.html'), 'utf8');
  const scripts = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, name]) => name ?? '');
  expect(scripts.length).toBeGreaterThan(0);
  for (const script of scripts) {
    const text = readFileSync(path.resolve(import.meta.dirname, '../dist', script), 'utf8');
    expect(text).not.toMatch(/InferenceSession|Mp4Muxer|com\.ms\.internal\.nhwc/);
  }
});
