import type { JobProgress } from '../../protocol';

/** What the job is doing, in a few words. */
export function stageWords({ stage, network, done, total }: JobProgress): string {
  const name = network?.label ?? 'model';
  switch (stage) {
    case 'open':
      return 'Opening the model';
    case 'fetch':
      return `Fetching the ${name}`;
    case 'load':
      return `Preparing the ${name}; the first time takes longest`;
    case 'tokenize':
    case 'encode':
      return 'Reading the prompt';
    case 'denoise':
      return `Step ${Math.min(done + 1, total)} of ${total}`;
    case 'decode':
      return `Decoding frame ${Math.min(done + 1, total)} of ${total}`;
    case 'mp4':
      return 'Writing the video file';
  }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Progress within the stage, if its words do not say it. */
export function stageAmount({ stage, done, total }: JobProgress): string {
  return (stage === 'fetch' || stage === 'load') && total > 1 ? `${megabytes(done)} of ${megabytes(total)} MB` : '';
}

/** "about 12 s left" */
export function timeLeftWords(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  if (seconds < 90) return `about ${seconds} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `about ${minutes} min left` : `about ${(minutes / 60).toFixed(1)} h left`;
}
