import { useEffect } from 'react';
import { type JobState, useJob } from '../state/job';

function titleOf({ job }: JobState): string {
  switch (job.phase) {
    case 'running':
      return `${Math.floor(job.fraction * 100)} % · Kinora`;
    case 'done':
      return 'Done · Kinora';
    case 'failed':
      return 'Failed · Kinora';
    default:
      return 'Kinora';
  }
}

/** Shows the job's progress in the tab's title. */
export function usePageTitle(): void {
  const title = useJob(titleOf);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
