/** A headless Chromium running the page without a user interface. */
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../scripts/chromium.mjs';
import type { HeadlessRequest, HeadlessVideo } from '../src/entries/headless';
import type { JobProgress } from '../src/protocol';
import { HeapMeter, type HeapPeak } from './heap-meter';
import { origin } from './site';

export interface BrowserOptions {
  /** Path of the executable; the machine's own Chromium if left out. */
  browser?: string;
  /** Profile folder; a temporary one if empty. IndexedDB keeps Blobs on disk in either. */
  profile: string;
  /** Port that the site is actually served on. */
  port: number;
  onProgress: (progress: JobProgress) => void;
}

/** A failure that the page itself reported. */
export class HeadlessError extends Error {
  readonly code: string;

  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.code = code;
  }
}

export class HeadlessBrowser {
  readonly #context: BrowserContext;
  readonly #onProgress: (progress: JobProgress) => void;
  #page: Page | undefined;

  private constructor(context: BrowserContext, onProgress: (progress: JobProgress) => void) {
    this.#context = context;
    this.#onProgress = onProgress;
  }

  static async launch({ browser, profile, port, onProgress }: BrowserOptions): Promise<HeadlessBrowser> {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: browser ?? chromiumPath(),
      args: [
        `--host-resolver-rules=MAP ${new URL(origin).hostname}:80 127.0.0.1:${port}`,
        // Linux hides WebGPU behind this; without a GPU it gives SwiftShader, whose shaders may take minutes to compile
        '--enable-unsafe-webgpu',
        '--disable-gpu-watchdog',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    });
    return new HeadlessBrowser(context, onProgress);
  }

  get version(): string {
    return this.#context.browser()?.version() ?? '';
  }

  /**
   * Makes a video, which stays in the page until the next one.
   * @throws HeadlessError, and Playwright's error if the page dies
   */
  async generate(request: HeadlessRequest): Promise<{ video: HeadlessVideo; heap: HeapPeak }> {
    const page = await this.#open();
    const meter = await HeapMeter.start(page);
    try {
      const outcome = await page.evaluate((wanted) => window.kinora.generate(wanted), request);
      if (!outcome.ok) throw new HeadlessError(outcome.error);
      return { video: outcome.video, heap: meter.peak };
    } catch (error) {
      // the next video starts with a new page and a new worker
      this.#page = undefined;
      await page.close();
      throw error;
    } finally {
      meter.stop();
    }
  }

  /** A part of the last video, from the page's function of this name. */
  async read(part: 'mp4' | 'png' | 'latents', frame = 0): Promise<Buffer> {
    const page = await this.#open();
    const base64 = await page.evaluate(([name, index]) => window.kinora[name](index), [part, frame] as const);
    return Buffer.from(base64, 'base64');
  }

  close(): Promise<void> {
    return this.#context.close();
  }

  async #open(): Promise<Page> {
    if (this.#page) return this.#page;
    const page = await this.#context.newPage();
    await page.exposeFunction('onKinoraProgress', this.#onProgress);
    page.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await page.goto(`${origin}/headless.html`);
    await page.waitForFunction(() => 'kinora' in window);
    this.#page = page;
    return page;
  }
}
