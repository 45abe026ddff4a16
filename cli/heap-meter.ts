import type { CDPSession, Page } from 'playwright-core';
import { z } from 'zod';

/** Peak bytes, summed over the page and its workers. */
export interface HeapPeak {
  /** Bytes of JavaScript objects. */
  jsHeap: number;
  /** Bytes of ArrayBuffers, including wasm memory. */
  arrayBuffers: number;
}

const workerAnswer = z.object({ result: z.object({ usedSize: z.number(), backingStorageSize: z.number() }) });
type Usage = z.infer<typeof workerAnswer>['result'];

/**
 * Asks the page and its workers four times a second how much memory they hold; polling more often would slow down what is
 * measured. A worker answers between two runs.
 */
export class HeapMeter {
  readonly #session: CDPSession;
  readonly #timer: NodeJS.Timeout;
  /** The last answer of each, by session; the page's is ''. */
  readonly #usage = new Map<string, Usage>();
  readonly #peak: HeapPeak = { jsHeap: 0, arrayBuffers: 0 };

  private constructor(session: CDPSession) {
    this.#session = session;
    this.#usage.set('', { usedSize: 0, backingStorageSize: 0 });
    session.on('Target.attachedToTarget', ({ sessionId }) =>
      this.#usage.set(sessionId, { usedSize: 0, backingStorageSize: 0 }),
    );
    session.on('Target.detachedFromTarget', ({ sessionId }) => this.#usage.delete(sessionId));
    session.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
      const answer = workerAnswer.safeParse(JSON.parse(message));
      if (answer.success) this.#record(sessionId, answer.data.result);
    });
    this.#timer = setInterval(() => this.#ask(), 250);
  }

  static async start(page: Page): Promise<HeapMeter> {
    const session = await page.context().newCDPSession(page);
    const meter = new HeapMeter(session);
    // not flattened: Playwright gives no separate session to the workers that a flattened one would name
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    return meter;
  }

  /** The peak so far. */
  get peak(): HeapPeak {
    return { ...this.#peak };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#session.detach().catch(() => {}); // the page may have gone
  }

  #ask(): void {
    const ignore = () => {}; // page or worker may be going away
    for (const sessionId of this.#usage.keys()) {
      if (sessionId === '') {
        this.#session.send('Runtime.getHeapUsage').then((usage) => this.#record('', usage), ignore);
      } else {
        const message = JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' });
        this.#session.send('Target.sendMessageToTarget', { sessionId, message }).catch(ignore);
      }
    }
  }

  #record(sessionId: string, usage: Usage): void {
    if (!this.#usage.has(sessionId)) return;
    this.#usage.set(sessionId, usage);
    const all = [...this.#usage.values()];
    const sum = (key: keyof Usage) => all.reduce((total, entry) => total + entry[key], 0);
    this.#peak.jsHeap = Math.max(this.#peak.jsHeap, sum('usedSize'));
    this.#peak.arrayBuffers = Math.max(this.#peak.arrayBuffers, sum('backingStorageSize'));
  }
}
