import { z } from 'zod';
import { throwIfCancelled } from '../shared/errors';

const progressSchema = z.object({ bytes: z.number(), totalBytes: z.number() });

interface OneTabOptions {
  /** Called with the progress of another tab while that one does the work. */
  onWatch: (bytes: number, totalBytes: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Runs `work` unless another tab (or worker) runs work of the same name. Until then the other's reports arrive here; when it
 * ends, finished or not, this one takes its turn, and has to find out what is left to do.
 * @param work receives a function that reports to the others
 * @throws what `work` throws; KinoraError `cancelled`
 */
export async function inOneTab<T>(
  name: string,
  { onWatch, signal }: OneTabOptions,
  work: (report: (bytes: number, totalBytes: number) => void) => Promise<T>,
): Promise<T> {
  const channel = new BroadcastChannel(name);
  const locked = () => work((bytes, totalBytes) => channel.postMessage({ bytes, totalBytes }));
  try {
    const first = await navigator.locks.request(name, { ifAvailable: true }, async (lock) =>
      lock ? { result: await locked() } : undefined,
    );
    if (first) return first.result;
    channel.onmessage = ({ data }) => {
      const { bytes, totalBytes } = progressSchema.parse(data);
      onWatch(bytes, totalBytes);
    };
    onWatch(0, 0);
    return await navigator.locks.request(name, signal ? { signal } : {}, () => {
      channel.onmessage = null;
      return locked();
    });
  } catch (error) {
    // navigator.locks rejects with this when the signal ends the wait
    if (error === signal?.reason) throwIfCancelled(signal);
    throw error;
  } finally {
    channel.close();
  }
}
