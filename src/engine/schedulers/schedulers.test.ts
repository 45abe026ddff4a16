import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { relativeRms } from '../../../tests/reference';
import { TorchGenerator } from '../random';
import { schedulerNames } from '../types';
import { createScheduler, schedulerClassName } from '.';

const read = (name: string): unknown => JSON.parse(readFileSync(`reference/schedulers/${name}`, 'utf8'));

/** Both written by training/references/schedulers.py. */
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
            original: z.record(z.string(), z.array(z.number())),
          }),
        ),
      }),
    ),
  })
  .parse(read('trajectories.json'));

const allTimesteps = z
  .object({
    steps: z.array(z.number()),
    cases: z.array(
      z.object({
        scheduler: z.enum(schedulerNames),
        config: z.record(z.string(), z.unknown()),
        checksums: z.array(z.number().nullable()),
      }),
    ),
  })
  .parse(read('timesteps.json'));

const fakeModel = (x: Float32Array, t: number) => x.map((v) => 0.6 * v + 0.2 * Math.sin(3 * v) + 0.0001 * t);

describe('schedulers follow diffusers', () => {
  for (const { scheduler: name, config, runs } of reference.cases) {
    it(`${name} ${JSON.stringify(config)} in ${runs.map(({ steps }) => steps)}`, () => {
      for (const { steps, timesteps, after, original } of runs) {
        const scheduler = createScheduler(name, config, steps);
        expect(scheduler.timesteps, `timesteps of ${steps}`).toEqual(timesteps);
        const generator = new TorchGenerator(7);
        let x: Float32Array = Float32Array.from(reference.start, (value) => value * scheduler.initNoiseSigma);
        for (const [i, t] of timesteps.entries()) {
          const result = scheduler.step(fakeModel(x, t), i, x, (size) => generator.randn(size));
          x = result.prevSample;
          const where = `step ${i + 1} of ${steps}`;
          if (after[i]) expect(relativeRms(x, after[i]), where).toBeLessThan(1e-5);
          if (original[i]) expect(relativeRms(result.predOriginalSample, original[i]), where).toBeLessThan(1e-5);
        }
      }
    });
  }

  for (const { scheduler: name, config, checksums } of allTimesteps.cases) {
    it(`${name} ${JSON.stringify(config)} has diffusers' timesteps`, () => {
      expect(checksums).toHaveLength(allTimesteps.steps.length);
      for (const [i, steps] of allTimesteps.steps.entries()) {
        const make = () => createScheduler(name, config, steps).timesteps;
        if (checksums[i] === null) {
          expect(make, `${steps} steps`).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
          continue;
        }
        const timesteps = make();
        const checksum = timesteps.reduce((total, timestep, j) => total + (j + 1) * timestep, 0);
        expect([timesteps.length, checksum], `${steps} steps`).toEqual([steps, checksums[i]]);
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
    [
      'DPMSolverMultistepScheduler',
      { algorithm_type: 'sde-dpmsolver', final_sigmas_type: 'sigma_min', solver_order: 3 },
      'solver_order',
    ],
    ['DPMSolverMultistepScheduler', { variance_type: 'learned_range' }, 'variance_type'],
    ['DPMSolverMultistepScheduler', { trained_betas: [0.1, 0.2] }, 'trained_betas'],
    ['DDIMScheduler', { beta_schedule: 'sigmoid' }, 'beta_schedule'],
  ] as const)('%s refuses %j', (name, config, key) => {
    expect(() => createScheduler(name, config, 10)).toThrow(
      expect.objectContaining({ code: 'unsupported-config', message: expect.stringContaining(key) }),
    );
  });

  it.each([0, 1001, 2.5])('refuses %d steps', (steps) => {
    for (const name of schedulerNames)
      expect(() => createScheduler(name, {}, steps)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('needs noise for a stochastic solver', () => {
    const scheduler = createScheduler('DPMSolverMultistepScheduler', { algorithm_type: 'sde-dpmsolver++' }, 4);
    expect(() => scheduler.step(new Float32Array(4), 0, new Float32Array(4))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });

  it('starts anew with the first step', () => {
    const scheduler = createScheduler('DPMSolverMultistepScheduler', { solver_order: 3 }, 20);
    const run = () => {
      let x: Float32Array = Float32Array.from(reference.start);
      for (const [i, t] of scheduler.timesteps.entries()) x = scheduler.step(fakeModel(x, t), i, x).prevSample;
      return x;
    };
    expect(run()).toEqual(run());
  });
});
