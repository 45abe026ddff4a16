/** The running job, or how the last one ended. */
import { create } from 'zustand';
import type { ParameterValues } from '../engine/parameters';
import type { JobProgress, LoadedModel } from '../protocol';
import type { KinoraError } from '../shared/errors';
import { newStepClock, type StepClock, stepEnded } from './time-left';

export interface RunningJob {
  phase: 'running';
  request: ParameterValues;
  /** Undefined until the worker reports. */
  progress: JobProgress | undefined;
  /** 0 to 1, never decreasing. */
  fraction: number;
  steps: StepClock;
  cancelling: boolean;
}

export interface FailedJob extends Pick<KinoraError, 'code' | 'message' | 'missingBytes'> {
  phase: 'failed';
  request: ParameterValues;
  /** For a bug report: everything that is known, in many lines. */
  details: string;
}

export interface JobState {
  job: { phase: 'idle' } | { phase: 'done' } | { phase: 'cancelled' } | RunningJob | FailedJob;
  /** The model as loaded for the last finished video. */
  model: LoadedModel | undefined;
}

export const useJob = create<JobState>(() => ({ job: { phase: 'idle' }, model: undefined }));

/** Where each stage begins and ends on the job's progress bar. */
const shares: Record<JobProgress['stage'], readonly [number, number]> = {
  open: [0, 0.02],
  fetch: [0.02, 0.14],
  tokenize: [0.14, 0.15],
  encode: [0.15, 0.16],
  load: [0.16, 0.16],
  denoise: [0.16, 0.9],
  decode: [0.9, 0.98],
  mp4: [0.98, 1],
};

export function overallFraction(progress: JobProgress): number {
  const [begin, end] = shares[progress.stage];
  const part = progress.total > 0 ? progress.done / progress.total : 0;
  // networks are fetched one after the other
  const { index, count } = (progress.stage === 'fetch' && progress.network) || { index: 0, count: 1 };
  return begin + ((end - begin) * (index + part)) / count;
}

export function startJob(request: ParameterValues): void {
  const job: RunningJob = {
    phase: 'running',
    request,
    progress: undefined,
    fraction: 0,
    steps: newStepClock,
    cancelling: false,
  };
  useJob.setState({ job });
}

export function reportProgress(progress: JobProgress, now: number): void {
  const { job } = useJob.getState();
  if (job.phase !== 'running') return;
  const steps = progress.stage === 'denoise' ? stepEnded(job.steps, progress.done, now) : job.steps;
  const fraction = Math.max(job.fraction, overallFraction(progress));
  useJob.setState({ job: { ...job, progress, fraction, steps } });
}

export function markCancelling(): void {
  const { job } = useJob.getState();
  if (job.phase === 'running') useJob.setState({ job: { ...job, cancelling: true } });
}
