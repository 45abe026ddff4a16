import { useEffect, useState } from 'react';
import { cancel } from '../../state/generation';
import { type RunningJob, useJob } from '../../state/job';
import { looksStuck, timeLeft } from '../../state/time-left';
import { StopIcon } from '../icons';
import './progress.css';
import { stageAmount, stageWords, timeLeftWords } from './stage-words';

/** Always shown, so that nothing moves when a job starts. */
export function Progress() {
  const job = useJob((state) => state.job);
  const running = job.phase === 'running' ? job : undefined;
  const fraction = running ? running.fraction : Number(job.phase === 'done');
  const percent = Math.round(fraction * 100);
  const words = job.phase === 'running' ? runningWords(job) : restingWords(job.phase);
  const stuck = useStuck(running);
  return (
    <div className="progress">
      <div
        className="progress-bar"
        role="progressbar"
        aria-label="Video progress"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={words}
      >
        <div className="progress-fill" style={{ inlineSize: `${percent}%` }} />
      </div>
      <p className="progress-words">
        <span>{words}</span>
        <span className="hint">{running && (stuck ? stuckWords : amountWords(running))}</span>
      </p>
      <button
        type="button"
        className="secondary"
        aria-disabled={!running || running.cancelling}
        title="Esc"
        onClick={cancel}
      >
        <StopIcon />
        Cancel
      </button>
      <p className="visually-hidden" role="status">
        {running ? (stuck ? stuckWords : announcement(running)) : words}
      </p>
    </div>
  );
}

const stuckWords = 'This step is taking much longer than the ones before. You can cancel and try again.';

/** Checks at intervals, since a job that hangs triggers no update itself. */
function useStuck(job: RunningJob | undefined): boolean {
  const steps = job?.progress?.stage === 'denoise' ? job.steps : undefined;
  const [stuck, setStuck] = useState(false);
  useEffect(() => {
    setStuck(false);
    if (!steps) return;
    const timer = setInterval(() => setStuck(looksStuck(steps, performance.now())), 5000);
    return () => clearInterval(timer);
  }, [steps]);
  return stuck;
}

function runningWords({ progress, cancelling }: RunningJob): string {
  if (cancelling) return 'Stopping after this step';
  return progress ? stageWords(progress) : 'Starting';
}

function amountWords({ progress, steps }: RunningJob): string {
  if (!progress) return '';
  const remaining = progress.stage === 'denoise' ? progress.total - progress.done : 0;
  const left = remaining > 0 ? timeLeft(steps, remaining) : undefined;
  return left === undefined ? stageAmount(progress) : timeLeftWords(left);
}

/** Like the visible words, but steps are announced by quarters, or a screen reader would never stop talking. */
function announcement(job: RunningJob): string {
  const { progress } = job;
  if (job.cancelling || !progress) return runningWords(job);
  if (progress.stage === 'decode') return 'Decoding the frames';
  if (progress.stage !== 'denoise') return runningWords(job);
  const quarter = Math.floor((4 * progress.done) / progress.total);
  return quarter === 0 ? 'Making the video' : `Making the video: ${quarter * 25} %`;
}

function restingWords(phase: 'idle' | 'done' | 'cancelled' | 'failed'): string {
  switch (phase) {
    case 'idle':
      return 'Ready';
    case 'done':
      return 'Done';
    case 'cancelled':
      return 'Cancelled';
    case 'failed':
      return 'Failed';
  }
}
