/** A video's file restores its settings. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { probeVideo } from '../tests/server/ffmpeg';
import { generateButton, openPage, prompt, waitForVideo } from './visitor';

test('the settings of a video, from its file: chosen and dropped', async ({ page, baseURL }) => {
  await openPage(page, 1);
  await page.getByText('Scheduler, speed and size').click();
  await page.getByLabel('Frames', { exact: true }).fill('2');
  await page.getByLabel('Eta').fill('0.5');
  await generateButton(page).click();
  await waitForVideo(page);
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download .mp4' }).click();
  const file = test.info().outputPath('made.mp4');
  await (await downloading).saveAs(file);
  // the query of an address may be a key
  const model = `${baseURL}/models/moving-shapes/`;
  expect(JSON.parse((await probeVideo(file)).comment ?? '')).toMatchObject({
    model,
    prompt,
    seed: 7,
    numInferenceSteps: 1,
    eta: 0.5,
  });

  const values = async () => [
    await page.getByRole('textbox', { name: 'Prompt', exact: true }).inputValue(),
    await page.getByRole('spinbutton', { name: 'Seed' }).inputValue(),
    await page.getByLabel('Frames', { exact: true }).inputValue(),
    await page.getByLabel('Eta').inputValue(),
  ];
  const forget = async () => {
    await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('something else');
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('1');
    await page.getByLabel('Frames', { exact: true }).fill('8');
    await page.getByLabel('Eta').fill('0');
  };
  await forget();
  await page.getByLabel('Video made with Kinora').setInputFiles(file);
  await expect(page.getByText('made.mp4: settings loaded.')).toBeVisible();
  expect(await values()).toEqual([prompt, '7', '2', '0.5']);

  await forget();
  const dropped = await page.evaluateHandle(
    (base64) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], 'dropped.mp4', { type: 'video/mp4' }));
      return transfer;
    },
    readFileSync(file, 'base64'),
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: dropped });
  await expect(page.getByText('dropped.mp4: settings loaded.')).toBeVisible();
  expect(await values()).toEqual([prompt, '7', '2', '0.5']);
});

test('another file is refused, and the form stays', async ({ page }) => {
  await openPage(page, 1);
  await page.getByLabel('Video made with Kinora').setInputFiles('public/icons/192.png');
  await expect(page.getByText('192.png: This is not a complete MP4 file.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Prompt', exact: true })).toHaveValue(prompt);
});
