import fc from 'fast-check';
import { z } from 'zod';
import { schedulerFromConfig } from '../../../src/engine/schedulers';
import { schedulerNames } from '../../../src/engine/schedulers/descriptions';
import { alphasCumprod, noiseScheduleKeys } from '../../../src/engine/schedulers/noise-schedule';
import { shippedText } from '../../../tests/shipped-checkpoint';
import { jsonLike } from '../inputs';
import { accepted, expect, target } from '../target';

const shipped: unknown = JSON.parse(shippedText('scheduler/scheduler_config.json'));
const solver = {
  _class_name: 'DPMSolverMultistepScheduler',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  trained_betas: null,
  prediction_type: 'epsilon',
  timestep_spacing: 'linspace',
  steps_offset: 1,
  algorithm_type: 'dpmsolver++',
  solver_order: 2,
  solver_type: 'midpoint',
  lower_order_final: true,
  use_karras_sigmas: false,
  final_sigmas_type: 'zero',
  rescale_betas_zero_snr: false,
};
const short = { ...solver, num_train_timesteps: 5, trained_betas: [0.01, 0.02, 0.03, 0.04, 0.05] };

const schedule = z.object(noiseScheduleKeys);

/**
 * Whether there is both signal and noise at each of the timesteps, and neither is less than float32 can tell. Without, formulas
 * divide by zero, in diffusers too: epsilon cannot be turned into a video where there is no signal (zero terminal SNR).
 */
function isUsual(config: unknown, timesteps: readonly number[]): boolean {
  const alphas = alphasCumprod(schedule.parse(config));
  return timesteps.every((timestep) => {
    const alpha = alphas[Math.round(timestep)] ?? 0;
    return alpha > 1e-6 && alpha < 1 - 1e-6;
  });
}

const inputs = fc.tuple(
  fc.constantFrom(...schedulerNames),
  jsonLike(shipped, solver, short),
  fc.integer({ min: 1, max: 60 }),
);

export const schedulers = [
  target('scheduler_config.json', inputs, async ([name, text, count]) => {
    let config: unknown;
    try {
      config = JSON.parse(text);
    } catch {
      // readConfigs refuses it
      return;
    }
    const scheduler = await accepted(() => schedulerFromConfig(name, config)(count));
    if (!scheduler) return;
    const { num_train_timesteps: total } = schedule.parse(config);
    const { timesteps } = scheduler;
    expect(timesteps.length >= 1 && timesteps.length <= count, `${timesteps.length} timesteps for ${count} steps`);
    for (const timestep of timesteps) expect(timestep >= 0 && timestep < total, `timestep ${timestep} of ${total}`);
    if (!isUsual(config, timesteps)) return;
    let sample = Float32Array.of(-1.5, -0.2, 0, 0.7, 2);
    for (const index of timesteps.slice(0, 3).keys()) {
      const output = Float32Array.of(0.3, -1, 0, 1.2, -0.4);
      const step = scheduler.step(output, index, sample, {
        randn: (size) => new Float32Array(size).fill(0.5),
        eta: 0.5,
      });
      for (const values of [step.prevSample, step.predOriginalSample]) {
        expect(values.every(Number.isFinite), `step ${index} gives ${values.join()}`);
      }
      sample = step.prevSample;
    }
  }),
];
