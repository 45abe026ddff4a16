/** Schedulers by diffusers' class names. */
import { z } from 'zod';
import { parseConfig } from '../config';
import type { SchedulerName } from '../types';
import { DDIMScheduler } from './ddim';
import { DPMSolverMultistepScheduler } from './dpmsolver-multistep';
import type { Scheduler } from './scheduler';

const classes: Record<SchedulerName, new (config: unknown, numInferenceSteps: number) => Scheduler> = {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
};

/**
 * Like diffusers' `SchedulerClass.from_config(config)` and `set_timesteps`: `config` is scheduler_config.json, written for
 * whichever class; keys that this one does not know are ignored, and those that are not there have this class's defaults.
 * Throws KinoraError: `unsupported-config`, and `invalid-argument` for a number of steps that the schedule does not have.
 */
export function createScheduler(name: SchedulerName, config: unknown, numInferenceSteps: number): Scheduler {
  return new classes[name](config, numInferenceSteps);
}

/** Other classes whose checkpoints these two can run as well: diffusers' KarrasDiffusionSchedulers but EDM's. */
const compatibleNames = [
  'DDPMScheduler',
  'PNDMScheduler',
  'LMSDiscreteScheduler',
  'EulerDiscreteScheduler',
  'HeunDiscreteScheduler',
  'EulerAncestralDiscreteScheduler',
  'DPMSolverSinglestepScheduler',
  'KDPM2DiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'DEISMultistepScheduler',
  'UniPCMultistepScheduler',
  'DPMSolverSDEScheduler',
] as const;

const classNameSchema = z.object({
  _class_name: z
    .enum(['DDIMScheduler', 'DPMSolverMultistepScheduler', ...compatibleNames])
    .default('DPMSolverMultistepScheduler'),
});

/** The scheduler that scheduler_config.json asks for, or the multistep solver for one that is not here. Throws KinoraError `unsupported-config`. */
export function schedulerClassName(config: unknown): SchedulerName {
  const { _class_name: name } = parseConfig(classNameSchema, config, 'scheduler_config.json');
  return name === 'DDIMScheduler' ? name : 'DPMSolverMultistepScheduler';
}
