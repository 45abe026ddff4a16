/**
 * What a model goes through between the hub and a video, in one go: a connection that breaks, a page that is reloaded in the
 * middle of the download, hashes, a video, and a second start without the hub. At full size by `npm run test:full`, scaled down
 * in e2e.
 */
import type { Page } from 'playwright-core';
import { HeapMeter, type HeapPeak } from '../../cli/heap-meter';
import type { Headless, HeadlessOutcome, HeadlessRequest, HeadlessVideo } from '../../src/entries/headless';
import type { DownloadProgress, ModelFacts } from '../../src/protocol';
import type { Hub } from '../../tests/server/hub';

export interface StorySetting {
  page: Page;
  /** Address of the built headless.html. */
  address: string;
  hub: Hub;
  /** The video to make; its source is the hub. */
  video: Omit<HeadlessRequest, 'source'>;
}

export interface Story {
  facts: ModelFacts;
  /** Seconds. */
  downloaded: number;
  heapAtDownload: HeapPeak;
  /** The states that the download reported, each once, in order. */
  states: readonly DownloadProgress['state'][];
  /** Bytes of weights that the hub sent, beyond the size of the files: the cost of the interruptions. */
  fetchedTwice: number;
  /** Bytes of weights that were stored when the page was reloaded, and those that the hub has sent for the rest. */
  storedAtReload: number;
  sentAfterReload: number;
  first: StoryVideo & { heap: HeapPeak };
  /** After a new start, without the hub. */
  second: StoryVideo;
}

interface StoryVideo {
  video: HeadlessVideo;
  mp4: Buffer;
  /** float32, in base64. */
  latents: string;
}

/** @throws Error if anything is not as it should be */
export async function tellStory({ page, address, hub, video }: StorySetting): Promise<Story> {
  const states: DownloadProgress['state'][] = [];
  await page.exposeFunction('onKinoraDownload', ({ state }: DownloadProgress) => {
    if (states.at(-1) !== state) states.push(state);
  });
  const open = async () => {
    await page.goto(address);
    await page.waitForFunction(() => 'kinora' in window);
  };

  await open();
  const heapAtDownload = await HeapMeter.start(page);
  const begin = performance.now();

  let reached = hub.holdAt(hub.weightBytes * 0.3);
  const broken = page.evaluate((url) => window.kinora.download(url), hub.url);
  await reached;
  hub.disconnect();
  hub.goOn();
  await until(() => states.includes('waiting'));
  hub.reconnect();

  reached = hub.holdAt(hub.weightBytes * 0.6);
  await Promise.race([reached, broken.then(succeeded)]);
  broken.catch(() => undefined);
  heapAtDownload.stop();
  await page.reload();
  hub.goOn();
  await page.waitForFunction(() => 'kinora' in window);

  const inspect = async () => succeeded(await page.evaluate((url) => window.kinora.inspect(url), hub.url)).facts;
  const storedAtReload = (await inspect()).files.reduce((bytes, { storedBytes }) => bytes + storedBytes, 0);
  const sentBefore = hub.sentBytes;
  succeeded(await page.evaluate((url) => window.kinora.download(url), hub.url));
  const downloaded = (performance.now() - begin) / 1000;
  const sentAfterReload = hub.sentBytes - sentBefore;
  const facts = await inspect();
  const fetchedTwice = hub.sentBytes - hub.weightBytes;

  hub.disconnect();
  const heap = await HeapMeter.start(page);
  const first = { ...(await makeVideo(page, { ...video, source: { kind: 'remote', url: hub.url } })), heap: heap.peak };
  heap.stop();
  await open();
  const second = await makeVideo(page, { ...video, source: { kind: 'remote', url: hub.url } });
  return {
    facts,
    downloaded,
    heapAtDownload: heapAtDownload.peak,
    states,
    fetchedTwice,
    storedAtReload,
    sentAfterReload,
    first,
    second,
  };
}

async function makeVideo(page: Page, request: HeadlessRequest): Promise<StoryVideo> {
  const { video } = succeeded(await page.evaluate((asked) => window.kinora.generate(asked), request));
  const mp4 = Buffer.from(await page.evaluate(() => window.kinora.mp4()), 'base64');
  return { video, mp4, latents: await page.evaluate(() => window.kinora.latents()) };
}

function succeeded<Result extends object>(outcome: HeadlessOutcome<Result>): Result {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

declare global {
  interface Window {
    kinora: Headless;
  }
}
