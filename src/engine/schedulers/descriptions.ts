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
  /** `eta` matters to it. */
  takesEta: boolean;
}

export const schedulerDescriptions: readonly SchedulerDescription[] = schedulers.map(
  ({ className, label, when, ...more }) => ({ className, label, when, takesEta: 'takesEta' in more }),
);

/** Schedulers by diffusers' class names. */
export const schedulerNames: readonly SchedulerName[] = schedulerDescriptions.map(({ className }) => className);
