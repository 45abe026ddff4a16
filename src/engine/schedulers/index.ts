/** The schedulers: a new one is a file, and a row here. Settings, command line and documentation know it from this list. */
import { z } from 'zod';
import { parseConfig } from '../config';
import { ddim } from './ddim';
import { dpmSolverMultistep } from './dpmsolver-multistep';
import { eulerAncestralDiscrete } from './euler-ancestral-discrete';
import { eulerDiscrete } from './euler-discrete';
import { lcm } from './lcm';
import type { SetTimesteps } from './scheduler';
import { uniPCMultistep } from './unipc-multistep';

/** In the order of the settings. The first one runs the checkpoints of classes that are not here. */
export const schedulers = [
  dpmSolverMultistep,
  ddim,
  eulerDiscrete,
  eulerAncestralDiscrete,
  uniPCMultistep,
  lcm,
] as const;

/** A scheduler by diffusers' class name. */
export type SchedulerName = (typeof schedulers)[number]['className'];

/**
 * Like diffusers' `SchedulerClass.from_config(config)`: `config` is scheduler_config.json, written for whichever class; keys that
 * this one does not know are ignored, and those that are not there have this class's defaults.
 * @returns what makes the steps of a video, given how many: diffusers' `set_timesteps`
 * @throws KinoraError `unsupported-config`; and then `invalid-argument` for a number of steps that the schedule does not have
 */
export function schedulerFromConfig(name: SchedulerName, config: unknown): SetTimesteps {
  const found = schedulers.find(({ className }) => className === name) ?? schedulers[0];
  parseConfig(classNameSchema([found.className, ...found.compatibles]), config, 'scheduler_config.json');
  return found.fromConfig(config);
}

/** The scheduler that scheduler_config.json asks for, or one that can run its checkpoints. Throws KinoraError `unsupported-config`. */
export function schedulerClassName(config: unknown): SchedulerName {
  const known = schedulers.flatMap(({ className, compatibles }) => [className, ...compatibles]);
  const { _class_name: name } = parseConfig(classNameSchema(known), config, 'scheduler_config.json');
  const own = schedulers.find(({ className }) => className === name);
  const able = schedulers.find(({ compatibles }) => compatibles.some((other) => other === name));
  return (own ?? able ?? schedulers[0]).className;
}

const classNameSchema = (names: readonly string[]) => z.object({ _class_name: z.enum([...new Set(names)]).optional() });
