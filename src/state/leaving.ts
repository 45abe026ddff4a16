/** What would be lost with the page, and the question before it is left; none is asked where nothing would be. */
import { useJob } from './job';
import { useResults } from './results';
import { useTransfers } from './transfers';

/** As a sentence; undefined where nothing would be lost. */
function lossOnLeaving(): string | undefined {
  if (useJob.getState().job.phase === 'running') return 'The video being made would be lost.';
  const { transfer } = useTransfers.getState();
  // a check can be made again; what it found is in storage
  if (transfer && transfer.kind !== 'check')
    return 'A model is being downloaded or copied, and you would have to resume it.';
  const unsaved = useResults.getState().results.filter(({ saved }) => !saved).length;
  if (unsaved === 0) return undefined;
  return unsaved === 1 ? 'One video has not been downloaded.' : `${unsaved} videos have not been downloaded.`;
}

/** Makes the browser ask, in its own words. */
function hold(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function update(): void {
  // there only while it is needed: with such a listener browsers keep less of a page that was left
  if (lossOnLeaving() === undefined) removeEventListener('beforeunload', hold);
  else addEventListener('beforeunload', hold);
}

/** From now on the browser asks before a page with something to lose is closed, reloaded or left by a link. */
export function askBeforeLeaving(): void {
  for (const store of [useJob, useTransfers, useResults]) store.subscribe(update);
  update();
}

/**
 * Asks the same before the page itself goes on to something that ends in a reload and could not be taken back by then.
 * @returns false where the visitor wants to stay
 */
export function mayLeave(): boolean {
  const loss = lossOnLeaving();
  if (loss === undefined) return true;
  if (!confirm(`${loss} Reload anyway?`)) return false;
  // once is enough, unless something new comes up until then
  removeEventListener('beforeunload', hold);
  return true;
}
