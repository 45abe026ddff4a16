import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { checkCheckpoint } from './load-checkpoint';
import type { CheckpointSource } from './source';

const folder = path.resolve(import.meta.dirname, '../../public/models/moving-shapes');
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');

/** The shipped checkpoint as far as its configs, with some keys of the scheduler's changed; nobody may ask for weights. */
function withScheduler(changes: object): CheckpointSource {
  const text = async (file: string) =>
    file === 'scheduler/scheduler_config.json' ? JSON.stringify({ ...JSON.parse(read(file)), ...changes }) : read(file);
  const unasked = () => {
    throw new Error('The weights were asked for.');
  };
  return { id: 'changed', text, optionalText: text, tensors: unasked, weights: unasked };
}

it.each([
  ['thresholding', { thresholding: true }],
  ['_class_name', { _class_name: 'FlowMatchEulerDiscreteScheduler' }],
  ['trained_betas', { trained_betas: [0.1, 0.2] }],
  ['prediction_type', { _class_name: 'EulerAncestralDiscreteScheduler', prediction_type: 'sample' }],
])('refuses a scheduler for its %s before it looks at the weights', async (key, changes) => {
  await expect(checkCheckpoint(withScheduler(changes))).rejects.toMatchObject({
    code: 'unsupported-config',
    message: expect.stringContaining(key),
  });
});

it('looks at the weights where the scheduler is one that runs', async () => {
  await expect(checkCheckpoint(withScheduler({ _class_name: 'LCMScheduler' }))).rejects.toThrow('The weights were');
});
