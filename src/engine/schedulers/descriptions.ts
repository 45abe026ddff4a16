/**
 * What schedulers say of themselves. The page's build computes this module and keeps only its values, not the schedulers
 * (scripts/build/constants-plugin.ts).
 */
import { type SchedulerName, schedulers } from '.';

export interface SchedulerDescription {
  className: SchedulerName;
  /** Its name for people. */
  label: string;
  /** When to choose it: one sentence. */
  when: string;
  /** Parameters that only some schedulers read, and this one does. */
  reads: readonly string[];
}

export const schedulerDescriptions: readonly SchedulerDescription[] = schedulers.map(
  ({ className, label, when, ...more }) => ({ className, label, when, reads: 'reads' in more ? more.reads : [] }),
);

/** Schedulers by diffusers' class names. */
export const schedulerNames: readonly SchedulerName[] = schedulerDescriptions.map(({ className }) => className);
