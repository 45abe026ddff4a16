/** The page as a visitor uses it: the shipped model, few steps. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { probeVideo } from '../tests/server/ffmpeg';
import {
  expectAccessible,
  fillForm,
  generateButton,
  setSize,
  theFailure,
  theVideo,
  waitForEnd,
  waitForPreview,
  waitForVideo,
} from './visitor';

/** What the step counter and the preview show, in order, until the job ends. */
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
    if (['Done', 'Cancelled', 'Failed'].includes(seen.words)) break;
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
    await fillForm(page, 50);
    await page.keyboard.press('Control+Enter');
    await waitForPreview(page);
    await expect(generateButton(page)).toBeDisabled();
    await page.keyboard.press('Escape');
    await waitForEnd(page, 'Cancelled');
    await expect(theVideo(page)).toHaveCount(0);
  });

  await test.step('another one is finished', async () => {
    await fillForm(page, 8);
    await generateButton(page).click();
    const { steps, previews, titles } = await watch(page);
    await waitForVideo(page);
    expect(steps.length).toBeGreaterThan(4);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(previews.length).toBeGreaterThan(4);
    expect(titles.some((title) => /^\d+ % · Kinora$/.test(title))).toBe(true);
    const shown = await theVideo(page).evaluate((element: HTMLVideoElement) => ({
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
    // the form has kept its values
    await expect(page.getByLabel('Steps')).toHaveValue('8');
    await fillForm(page, 1);
    await generateButton(page).click();
    await waitForVideo(page);
    expect(weights).toEqual([]);
  });
});

test('on WebGPU', async ({ page }) => {
  test.slow();
  await page.goto('/?device=webgpu');
  await expect(page.getByText(/software adapter \(google swiftshader/)).toBeVisible();
  await fillForm(page, 2);
  // a software GPU takes minutes where the CPU takes seconds
  await setSize(page, { frames: 1, width: 64, height: 64 });
  await page.getByLabel('Guidance', { exact: true }).fill('1');
  await generateButton(page).click();
  await waitForVideo(page);
  await expect(page.getByText(/^[\d.]+ s on a software adapter \(google swiftshader/)).toBeVisible();
});

test('a model that arrives incomplete', async ({ page }) => {
  // the connection delivers only a part of the end of the UNet, and then the server says that there is no more
  const asked: string[] = [];
  let broken = true;
  await page.route('**/unet/*.safetensors*', async (route) => {
    const range = route.request().headers().range ?? '';
    const begin = Number(/^bytes=(\d+)-/.exec(range)?.[1]);
    if (!broken || begin < 4e6) return route.continue();
    asked.push(range);
    if (asked.length > 1) return route.fulfill({ status: 416 });
    const response = await route.fetch();
    const body = await response.body();
    return route.fulfill({ response, body: body.subarray(0, body.length / 2) });
  });
  await page.goto('/?device=wasm');
  await fillForm(page, 1);
  await generateButton(page).click();
  await waitForEnd(page, 'Failed');
  expect(asked).toEqual([asked[0], asked[0]]);
  await expect(theFailure(page)).toHaveAttribute('data-code', 'truncated');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The download was cut short');
  await alert.getByText('Details', { exact: true }).click();
  await expect(alert.getByLabel('Details of the error')).toHaveValue(/truncated: .*unet/);
  await expect(theVideo(page)).toHaveCount(0);
  await expectAccessible(page);

  // nothing half-written counts as a model, and the next try succeeds
  broken = false;
  await generateButton(page).click();
  await waitForVideo(page);
  await expect(alert).toBeEmpty();
});

test('a model that is not there', async ({ page }) => {
  await page.goto('/?device=wasm&model=models/no-such-model');
  await generateButton(page).click();
  // the server of these tests answers every address with a page, as many hosts do
  await expect(theFailure(page)).toHaveAttribute('data-code', 'html-answer');
});

test('says why it cannot generate', async ({ page }) => {
  await page.goto('/');
  await fillForm(page, 0, ' ');
  await expect(generateButton(page)).toBeDisabled();
  await expect(page.getByText('The prompt is empty.')).toBeVisible();
  await expect(page.getByText('Steps must be between 1 and 1000.').first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'red circle moving right' }).click();
  await page.getByText('Scheduler, speed and size').click();
  await page.getByRole('button', { name: 'Back to the recommended settings' }).click();
  await expect(generateButton(page)).toBeEnabled();
});

test('the entry brings no engine', async () => {
  const built = path.resolve(import.meta.dirname, '../dist');
  const read = (name: string) => readFileSync(path.join(built, name), 'utf8');
  const html = read('index.html');
  const entry = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, name]) => read(name ?? ''));
  expect(entry.length).toBeGreaterThan(0);
  const others = readdirSync(path.join(built, 'assets')).filter((name) => name.endsWith('.js'));
  const workers = others.filter((name) => /^(generation|models)-/.test(name)).map((name) => read(`assets/${name}`));
  // from onnxruntime-web, the graphs, safetensors, the mp4 file and the tokenizer
  for (const word of ['InferenceSession', 'com.ms.internal.nhwc', '__metadata__', 'avcC', 'special_tokens']) {
    expect(
      workers.some((text) => text.includes(word)),
      `a worker has ${word}`,
    ).toBe(true);
    for (const text of entry) expect(text.includes(word), `the entry has ${word}`).toBe(false);
  }
});
