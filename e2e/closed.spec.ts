/** What leaves the visitor's browser: nothing but requests for the page's own files, under every kind of host. */
import path from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { headers } from '../scripts/build/headers';
import { startPlainHost } from './plain-host';
import { generateButton, openPage, prompt, theVideo, waitForVideo } from './visitor';

/** Every request of the page and its workers, and every violation of the page's policy. */
function record(page: Page): { requests: { url: string; body: string }[]; violations: string[] } {
  const requests: { url: string; body: string }[] = [];
  const violations: string[] = [];
  page.context().on('request', (request) => requests.push({ url: request.url(), body: request.postData() ?? '' }));
  page.context().on('console', (message) => {
    if (/Content[ -]Security[ -]Policy|Permissions-Policy|Trusted/i.test(message.text()))
      violations.push(message.text());
  });
  page.context().on('weberror', (error) => violations.push(String(error.error())));
  return { requests, violations };
}

function expectOwnFilesOnly(requests: { url: string; body: string }[], home: string): void {
  expect(requests.length).toBeGreaterThan(10);
  for (const { url, body } of requests) {
    expect(url.startsWith(home) || url.startsWith('blob:'), url).toBe(true);
    expect(body).toBe('');
    expect(decodeURIComponent(url).replaceAll('+', ' ')).not.toContain(prompt.slice(0, 12));
  }
}

test('a whole visit asks for the page’s own files only', async ({ page, baseURL }) => {
  const { requests, violations } = record(page);
  await openPage(page, 2);
  await generateButton(page).click();
  await waitForVideo(page);
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download .mp4' }).click();
  await downloading;
  expectOwnFilesOnly(requests, `${baseURL}/`);
  expect(violations).toEqual([]);

  // the worker that knows the prompt could not tell anyone else, not even a server on this machine
  const worker = page.workers().find((other) => other.url().includes('/assets/generation-'));
  for (const stranger of ['http://127.0.0.1:9/', 'https://example.org/']) {
    const refused = await worker?.evaluate((address) => {
      const violation = new Promise<string>((resolve) =>
        self.addEventListener('securitypolicyviolation', (event) =>
          resolve(event instanceof SecurityPolicyViolationEvent ? event.effectiveDirective : 'something else'),
        ),
      );
      void fetch(address).catch(() => undefined);
      return violation;
    }, stranger);
    expect(refused).toBe('connect-src');
  }
});

test('a subfolder of a host that sends no headers: one thread, and the page keeps its policy', async ({ page }) => {
  const host = await startPlainHost(path.resolve(import.meta.dirname, '../dist'));
  try {
    const { requests, violations } = record(page);
    await openPage(page, 1, '', host.home);
    await generateButton(page).click();
    await waitForVideo(page);
    await expect(theVideo(page)).toBeVisible();
    await expect(page.getByText(/^[\d.]+ s on the CPU, 1 thread/)).toBeVisible();
    expectOwnFilesOnly(requests, host.home);
    expect(violations).toEqual([]);

    // the policy is present, and works
    const refused = await page.evaluate(() => {
      const violation = new Promise<string>((resolve) =>
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective)),
      );
      void fetch('http://127.0.0.1:9/').catch(() => undefined);
      return violation;
    });
    expect(refused).toBe('connect-src');
    const text = await page.evaluate(() => {
      try {
        document.createElement('div').innerHTML = '<b>text</b>';
        return 'became HTML';
      } catch (error) {
        return error instanceof TypeError ? 'refused' : String(error);
      }
    });
    expect(text).toBe('refused');
  } finally {
    host.close();
  }
});

test('a host that sends every header: a video, nothing of the visitor’s machine, and no word of the browser about them', async ({
  page,
}) => {
  const host = await startPlainHost(path.resolve(import.meta.dirname, '../dist'), { headers });
  try {
    const { requests, violations } = record(page);
    await openPage(page, 1, '', host.home);
    await generateButton(page).click();
    await waitForVideo(page);
    expectOwnFilesOnly(requests, host.home);
    expect(violations).toEqual([]);

    const location = await page.evaluate(
      () =>
        new Promise<string>((resolve) =>
          navigator.geolocation.getCurrentPosition(
            () => resolve('given'),
            ({ message }) => resolve(message),
          ),
        ),
    );
    expect(location).toContain('permissions policy');
    // onnxruntime's own are busy waiting
    const workers = page.workers().filter((worker) => /\/(generation|models)-/.test(worker.url()));
    expect(workers).not.toEqual([]);
    for (const worker of workers) {
      const refused = await worker.evaluate(() => {
        const violation = new Promise<string>((resolve) =>
          addEventListener('securitypolicyviolation', (event) => {
            if ('blockedURI' in event) resolve(String(event.blockedURI));
          }),
        );
        void fetch('http://127.0.0.1:9/').catch(() => undefined);
        return violation;
      });
      expect(refused).toContain('127.0.0.1:9');
    }
  } finally {
    host.close();
  }
});

test('a host that knows neither Range nor lengths nor missing files', async ({ page }) => {
  const host = await startPlainHost(path.resolve(import.meta.dirname, '../dist'), { terse: true });
  try {
    const { requests, violations } = record(page);
    await openPage(page, 1, '', host.home);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await generateButton(page).click();
    await waitForVideo(page);
    await page.getByRole('link', { name: 'Licences' }).click();
    await page.getByRole('link', { name: 'Back to Kinora' }).click();
    await expect(generateButton(page)).toBeVisible();
    expectOwnFilesOnly(requests, host.home);
    expect(violations).toEqual([]);
  } finally {
    host.close();
  }
});
