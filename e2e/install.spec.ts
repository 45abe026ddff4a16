/** The page as an installed app, in a Chromium with its own profile, because incognito windows cannot install apps. */
import { expect, test } from '@playwright/test';
import { chromiumPath } from '../scripts/chromium.mjs';
import { generateButton, openPage, prompt, waitForVideo } from './visitor';

test('the browser offers to install it; once it is, videos made here open with it', async ({
  playwright,
  baseURL,
}, info) => {
  const context = await playwright.chromium.launchPersistentContext(info.outputPath('profile'), {
    executablePath: chromiumPath(),
    baseURL,
    // the browser makes no offer on a first visit
    args: ['--bypass-app-banner-engagement-checks'],
  });
  try {
    const page = await context.newPage();
    await openPage(page, 1);
    await expect(page.getByRole('button', { name: 'Install as an app' })).toBeVisible();
    const browser = await context.newCDPSession(page);
    expect(await browser.send('Page.getInstallabilityErrors')).toEqual({ installabilityErrors: [] });

    await generateButton(page).click();
    await waitForVideo(page);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download .mp4' }).click();
    const file = info.outputPath('made.mp4');
    await (await downloading).saveAs(file);
    await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('something else');

    const manifestId = `${baseURL}/`;
    await browser.send('PWA.install', { manifestId, installUrlOrBundleUrl: manifestId });
    await browser.send('PWA.launchFilesInApp', { manifestId, files: [file] });
    await expect(page.getByText('made.mp4: settings loaded.')).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'Prompt', exact: true })).toHaveValue(prompt);
  } finally {
    await context.close();
  }
});
