import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { relativeRms } from '../../../tests/reference';
import { TorchGenerator } from '../random';
import { type SchedulerName, schedulerClassName, schedulerFromConfig } from '.';
import { schedulerNames } from './descriptions';
import { checkTimesteps } from './timesteps';

const createScheduler = (name: SchedulerName, config: unknown, steps: number) =>
  schedulerFromConfig(name, config)(steps);

const read = (name: string): unknown => JSON.parse(readFileSync(`reference/schedulers/${name}`, 'utf8'));

/** Both written by training/references/schedulers.py. */
const reference = z
  .object({
    start: z.array(z.number()),
    cases: z.array(
      z.object({
        scheduler: z.enum(schedulerNames),
        config: z.record(z.string(), z.unknown()),
        eta: z.number().optional(),
        runs: z.array(
          z.object({
            steps: z.number(),
            timesteps: z.array(z.number()),
            after: z.record(z.string(), z.array(z.number())),
            original: z.record(z.string(), z.array(z.number())),
            noisy: z.array(z.number()).optional(),
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

const fractional = (timesteps: readonly number[]) => !timesteps.every(Number.isInteger);

/** Integers are equal; fractions go through logarithms in float32, which differ between libraries. */
function expectTimesteps(actual: readonly number[], expected: readonly number[]): void {
  if (!fractional(expected)) expect(actual).toEqual(expected);
  expect(actual).toHaveLength(expected.length);
  for (const [i, t] of expected.entries()) expect(Math.abs((actual[i] ?? 0) - t), `timestep ${i}`).toBeLessThan(1e-3);
}

describe('schedulers follow diffusers', () => {
  for (const { scheduler: name, config, eta, runs } of reference.cases) {
    const noise = eta === undefined ? '' : ` with eta ${eta}`;
    it(`${name} ${JSON.stringify(config)}${noise} in ${runs.map(({ steps }) => steps)}`, () => {
      for (const { steps, timesteps, after, original, noisy } of runs) {
        const scheduler = createScheduler(name, config, steps);
        expectTimesteps(scheduler.timesteps, timesteps);
        const generator = new TorchGenerator(7);
        const randn = (size: number) => generator.randn(size);
        const start = Float32Array.from(reference.start);
        let x = start.map((value) => value * scheduler.initNoiseSigma);
        for (const [i, t] of timesteps.entries()) {
          const output = fakeModel(scheduler.scaleModelInput(x, i), t);
          const result = scheduler.step(output, i, x, { randn, eta });
          x = result.prevSample;
          const where = `step ${i + 1} of ${steps}`;
          if (after[i]) expect(relativeRms(x, after[i]), where).toBeLessThan(1e-5);
          if (original[i]) expect(relativeRms(result.predOriginalSample, original[i]), where).toBeLessThan(1e-5);
        }
        if (noisy) {
          const timestep = scheduler.timesteps[Math.floor(steps / 2)] ?? 0;
          expect(relativeRms(scheduler.addNoise(start, start.toReversed(), timestep), noisy)).toBeLessThan(1e-5);
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
        expect(timesteps, `${steps} steps`).toHaveLength(steps);
        expect(Math.abs(checksum / (checksums[i] ?? 0) - 1) || 0, `${steps} steps`).toBeLessThan(
          fractional(timesteps) ? 1e-6 : 1e-15,
        );
      }
    });
  }
});

describe('scheduler configs', () => {
  it('names the scheduler of a checkpoint', () => {
    expect(schedulerClassName({ _class_name: 'DDIMScheduler' })).toBe('DDIMScheduler');
    expect(schedulerClassName({ _class_name: 'LCMScheduler' })).toBe('LCMScheduler');
    expect(schedulerClassName({ _class_name: 'PNDMScheduler' })).toBe('DPMSolverMultistepScheduler');
    expect(schedulerClassName({})).toBe('DPMSolverMultistepScheduler');
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
    ['EulerDiscreteScheduler', { _class_name: 'EDMEulerScheduler' }, '_class_name'],
    ['LCMScheduler', { _class_name: 'FlowMatchEulerDiscreteScheduler' }, '_class_name'],
    ['EulerDiscreteScheduler', { use_beta_sigmas: true }, 'use_beta_sigmas'],
    ['EulerDiscreteScheduler', { interpolation_type: 'log_linear' }, 'interpolation_type'],
    ['EulerDiscreteScheduler', { timestep_type: 'continuous' }, 'timestep_type'],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true, use_exponential_sigmas: true }, 'use_exponential_sigmas'],
    ['EulerAncestralDiscreteScheduler', { prediction_type: 'sample' }, 'prediction_type'],
    ['UniPCMultistepScheduler', { use_flow_sigmas: true }, 'use_flow_sigmas'],
    ['UniPCMultistepScheduler', { thresholding: true }, 'thresholding'],
    ['UniPCMultistepScheduler', { solver_order: 4 }, 'solver_order'],
    ['UniPCMultistepScheduler', { solver_type: 'bh1' }, 'final_sigmas_type'],
    ['UniPCMultistepScheduler', { predict_x0: false }, 'final_sigmas_type'],
    ['UniPCMultistepScheduler', { lower_order_final: false }, 'final_sigmas_type'],
    [
      'UniPCMultistepScheduler',
      { use_karras_sigmas: true, final_sigmas_type: 'sigma_min', lower_order_final: false, solver_order: 3 },
      'lower_order_final',
    ],
    ['UniPCMultistepScheduler', { solver_p: { _class_name: 'DDIMScheduler' } }, 'solver_p'],
    ['LCMScheduler', { original_inference_steps: 2000 }, 'original_inference_steps'],
    ['LCMScheduler', { thresholding: true }, 'thresholding'],
  ] as const)('%s refuses %j', (name, config, key) => {
    // before the number of steps is known
    expect(() => schedulerFromConfig(name, config)).toThrow(
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

  it.each([
    ['DDIMScheduler', { eta: 0.5 }],
    ['EulerAncestralDiscreteScheduler', {}],
    ['LCMScheduler', {}],
  ] as const)('%s needs noise, given %j', (name, options) => {
    const step = () => createScheduler(name, {}, 4).step(new Float32Array(4), 0, new Float32Array(4), options);
    expect(step).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('LCM takes no more steps than it was distilled with', () => {
    const make = () => createScheduler('LCMScheduler', { original_inference_steps: 20 }, 21);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(/20/) }));
  });

  it.each(schedulerNames)('%s adds no noise at timesteps that it does not have', (name) => {
    for (const timestep of [-1, 0.25, 1000, Number.NaN]) {
      const add = () => createScheduler(name, {}, 4).addNoise(new Float32Array(4), new Float32Array(4), timestep);
      expect(add).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    }
  });

  it('refuses timesteps that are no numbers', () => {
    expect(() => checkTimesteps([999, Number.NaN], 1000)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });

  it.each(['DPMSolverMultistepScheduler', 'UniPCMultistepScheduler'] as const)(
    '%s starts anew with the first step',
    (name) => {
      const scheduler = createScheduler(name, { solver_order: 3 }, 20);
      const run = () => {
        let x = Float32Array.from(reference.start);
        for (const [i, t] of scheduler.timesteps.entries()) x = scheduler.step(fakeModel(x, t), i, x).prevSample;
        return x;
      };
      expect(run()).toEqual(run());
    },
  );
});
