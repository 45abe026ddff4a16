/** What would be lost with the page, and the question before leaving it, which is asked only if something would. */
import { useJob } from './job';
import { useResults } from './results';
import { useTransfers } from './transfers';

/** A sentence for the visitor; undefined if nothing would be lost. */
function lossOnLeaving(): string | undefined {
  if (useJob.getState().job.phase === 'running') return 'The video being made would be lost.';
  const { transfer } = useTransfers.getState();
  // a check can be repeated; what it found is in storage
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
  // registered only while needed: browsers cache a page less well if it has such a listener
  if (lossOnLeaving() === undefined) removeEventListener('beforeunload', hold);
  else addEventListener('beforeunload', hold);
}

/** From now on the browser asks before a page with something to lose is closed, reloaded or left by a link. */
export function askBeforeLeaving(): void {
  for (const store of [useJob, useTransfers, useResults]) store.subscribe(update);
  update();
}

/**
 * Asks the same before the page does something irrevocable that ends in a reload.
 * @returns false if the visitor wants to stay
 */
export function mayLeave(): boolean {
  const loss = lossOnLeaving();
  if (loss === undefined) return true;
  if (!confirm(`${loss} Reload anyway?`)) return false;
  // asking once is enough, unless something new starts before the reload
  removeEventListener('beforeunload', hold);
  return true;
}
