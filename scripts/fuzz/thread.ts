/** Runs targets one after the other, supervised by watch.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { targets } from './targets';
import { hostileFiles } from './targets/hostile-files';
import type { Report } from './watch';

const { shared } = z.object({ shared: z.instanceof(SharedArrayBuffer) }).parse(workerData);
const state = new Int32Array(shared);
const jobSchema = z.object({ name: z.string(), seed: z.number(), milliseconds: z.number(), batch: z.number() });

const say = (report: Report) => parentPort?.postMessage(report);

parentPort?.on('message', async (message) => {
  const { name, seed, milliseconds, batch } = jobSchema.parse(message);
  const target = [...targets, ...hostileFiles].find((candidate) => candidate.name === name);
  if (!target) throw new Error(`There is no target ${name}.`);
  const end = performance.now() + milliseconds;
  let inputs = 0;
  const count = () => {
    inputs++;
    Atomics.add(state, 0, 1);
    Atomics.add(state, 2, 1);
  };
  for (let next = seed; ; next = (next + 1) | 0) {
    Atomics.store(state, 1, next);
    Atomics.store(state, 2, -1);
    const failure = await target.run(next, batch, count, (first) =>
      say({ kind: 'failing', seed: next, failure: first }),
    );
    if (failure !== undefined) {
      say({ kind: 'failed', seed: next, failure });
      return;
    }
    // a job with no time limit left is one batch
    if (performance.now() >= end) break;
  }
  say({ kind: 'done', inputs });
});
say({ kind: 'ready' });
