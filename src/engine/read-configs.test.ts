import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfigs } from './load-checkpoint';
import { schedulerFromConfig } from './schedulers';
import type { CheckpointSource } from './source';

/** The shipped checkpoint with another scheduler_config.json. */
function withScheduler(config: string): CheckpointSource {
  const text = async (path: string) =>
    path === 'scheduler/scheduler_config.json' ? config : readFileSync(`public/models/moving-shapes/${path}`, 'utf8');
  const unneeded = () => Promise.reject(new Error('Nothing but configs is needed.'));
  return { id: 'test', text, optionalText: text, tensors: unneeded, weights: unneeded };
}

it('reads infinities as diffusers writes them', async () => {
  const config = '{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "snr": [NaN]}';
  const { scheduler } = await readConfigs(withScheduler(config));
  expect(scheduler).toMatchObject({ lambda_min_clipped: Number.NEGATIVE_INFINITY, snr: [Number.NaN] });
  expect(() => schedulerFromConfig('DPMSolverMultistepScheduler', scheduler)(5)).not.toThrow();
});

it('names the file that is not JSON', async () => {
  await expect(readConfigs(withScheduler('{"a": -infinity}'))).rejects.toThrow(
    expect.objectContaining({
      code: 'invalid-checkpoint',
      message: expect.stringContaining(
        'scheduler/scheduler_config.json is not valid JSON: it begins with "{\\"a\\": -inf',
      ),
    }),
  );
});
