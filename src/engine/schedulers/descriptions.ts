/**
 * How the schedulers describe themselves. The page's build computes this module and keeps only its values, not the schedulers
 * (scripts/build/constants-plugin.ts).
 */
import { type SchedulerName, schedulers } from '.';

/** A scheduler as it is shown to people. */
export interface SchedulerDescription {
  className: SchedulerName;
  /** Name for people. */
  label: string;
  /** When to choose it, in one sentence. */
  when: string;
  /** Of the parameters that only some schedulers read, those that this one does. */
  reads: readonly string[];
}

/** All schedulers, in the order of the settings. */
export const schedulerDescriptions: readonly SchedulerDescription[] = schedulers.map(
  ({ className, label, when, ...more }) => ({ className, label, when, reads: 'reads' in more ? more.reads : [] }),
);

/** Schedulers by diffusers' class names. */
export const schedulerNames: readonly SchedulerName[] = schedulerDescriptions.map(({ className }) => className);
