/** Schedulers by diffusers' class names, made as `SchedulerClass.from_config(config)` makes them: foreign keys are ignored. */
import { z } from 'zod';
import { type SchedulerName, schedulerNames } from '../types';
import { DDIMScheduler } from './ddim';
import { DPMSolverMultistepScheduler } from './dpmsolver-multistep';
import type { Scheduler } from './scheduler';

export type { Scheduler, SchedulerStep } from './scheduler';

const classes = { DDIMScheduler, DPMSolverMultistepScheduler };

/** `config`: the parsed scheduler_config.json. Throws KinoraError `unsupported-config` or `invalid-argument`. */
export function createScheduler(name: SchedulerName, config: unknown, numInferenceSteps: number): Scheduler {
  return new classes[name](config, numInferenceSteps);
}

/** The scheduler that the checkpoint names, or DPM-Solver++ where that is none of ours. */
export function schedulerClassName(config: unknown): SchedulerName {
  const parsed = z.object({ _class_name: z.enum(schedulerNames) }).safeParse(config);
  return parsed.success ? parsed.data._class_name : 'DPMSolverMultistepScheduler';
}
