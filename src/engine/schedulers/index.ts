/** The schedulers. A new one is a file and a row here; settings, command line and documentation use this list. */
import { z } from 'zod';
import { parseConfig } from '../config';
import { ddim } from './ddim';
import { dpmSolverMultistep } from './dpmsolver-multistep';
import { eulerAncestralDiscrete } from './euler-ancestral-discrete';
import { eulerDiscrete } from './euler-discrete';
import { lcm } from './lcm';
import type { SetTimesteps } from './scheduler';
import { uniPCMultistep } from './unipc-multistep';

/** In the order of the settings. The first one runs checkpoints of classes that are not listed. */
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
 * Like diffusers' `SchedulerClass.from_config(config)`: `config` is scheduler_config.json, written for any class; keys that this
 * one does not know are ignored, and missing ones get this class's defaults.
 * @returns a function from the number of steps to the steps of a video: diffusers' `set_timesteps`
 * @throws KinoraError `unsupported-config`; the returned function throws `invalid-argument` for an impossible number of steps
 */
export function schedulerFromConfig(name: SchedulerName, config: unknown): SetTimesteps {
  const found = schedulers.find(({ className }) => className === name) ?? schedulers[0];
  parseConfig(classNameSchema([found.className, ...found.compatibles]), config, 'scheduler_config.json');
  return found.fromConfig(config);
}

/**
 * The scheduler that scheduler_config.json asks for, or one that can run its checkpoints.
 * @throws KinoraError `unsupported-config`
 */
export function schedulerClassName(config: unknown): SchedulerName {
  const known = schedulers.flatMap(({ className, compatibles }) => [className, ...compatibles]);
  const { _class_name: name } = parseConfig(classNameSchema(known), config, 'scheduler_config.json');
  const own = schedulers.find(({ className }) => className === name);
  const able = schedulers.find(({ compatibles }) => compatibles.some((other) => other === name));
  return (own ?? able ?? schedulers[0]).className;
}

const classNameSchema = (names: readonly string[]) => z.object({ _class_name: z.enum([...new Set(names)]).optional() });
