import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TorchGenerator } from '../random';
import { schedulerNames } from '../types';
import { createScheduler, schedulerClassName } from '.';

/** Written by training/references/schedulers.py. */
const reference = z
  .object({
    start: z.array(z.number()),
    cases: z.array(
      z.object({
        scheduler: z.enum(schedulerNames),
        config: z.record(z.string(), z.unknown()),
        runs: z.array(
          z.object({
            steps: z.number(),
            timesteps: z.array(z.number()),
            after: z.record(z.string(), z.array(z.number())),
          }),
        ),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('reference/schedulers/trajectories.json', 'utf8')));

const fakeModel = (x: Float32Array, t: number) => x.map((v) => 0.6 * v + 0.2 * Math.sin(3 * v) + 0.0001 * t);

function relativeRms(actual: Float32Array, expected: readonly number[]): number {
  let error = 0;
  let norm = 0;
  for (const [i, value] of expected.entries()) {
    error += ((actual[i] ?? Number.NaN) - value) ** 2;
    norm += value ** 2;
  }
  return Math.sqrt(error / norm);
}

describe('schedulers follow diffusers', () => {
  for (const { scheduler: name, config, runs } of reference.cases) {
    it(`${name} ${JSON.stringify(config)}`, () => {
      for (const { steps, timesteps, after } of runs) {
        const scheduler = createScheduler(name, config, steps);
        expect(scheduler.timesteps, `timesteps of ${steps}`).toEqual(timesteps);
        const generator = new TorchGenerator(7);
        let x: Float32Array = Float32Array.from(reference.start, (value) => value * scheduler.initNoiseSigma);
        for (const [i, t] of timesteps.entries()) {
          x = scheduler.step(fakeModel(x, t), i, x, (size) => generator.randn(size)).prevSample;
          const expected = after[i];
          if (expected) expect(relativeRms(x, expected), `step ${i + 1} of ${steps}`).toBeLessThan(1e-5);
        }
      }
    });
  }
});

describe('scheduler configs', () => {
  it('names the scheduler of a checkpoint', () => {
    expect(schedulerClassName({ _class_name: 'DDIMScheduler' })).toBe('DDIMScheduler');
    expect(schedulerClassName({ _class_name: 'PNDMScheduler' })).toBe('DPMSolverMultistepScheduler');
  });

  it.each([
    ['DDIMScheduler', { thresholding: true }, 'thresholding'],
    ['DDIMScheduler', { prediction_type: 'flow_prediction' }, 'prediction_type'],
    ['DPMSolverMultistepScheduler', { use_beta_sigmas: true }, 'use_beta_sigmas'],
    ['DPMSolverMultistepScheduler', { use_flow_sigmas: true }, 'use_flow_sigmas'],
    ['DPMSolverMultistepScheduler', { solver_order: 4 }, 'solver_order'],
    ['DPMSolverMultistepScheduler', { algorithm_type: 'dpmsolver' }, 'final_sigmas_type'],
  ] as const)('%s refuses %j', (name, config, key) => {
    expect(() => createScheduler(name, config, 10)).toThrow(
      expect.objectContaining({ code: 'unsupported-config', message: expect.stringContaining(key) }),
    );
  });

  it.each([0, 1001, 2.5])('refuses %d steps', (steps) => {
    for (const name of schedulerNames)
      expect(() => createScheduler(name, {}, steps)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
