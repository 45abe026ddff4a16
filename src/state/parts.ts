/** Parts of the page whose code is loaded when they are first opened. */
import { hostAnswers } from '../client';

/**
 * `unreachable`: the code could not be loaded, because the host does not answer; `gone`: it could not, although the host answers.
 */
export type PartState = 'closed' | 'open' | 'unreachable' | 'gone';

/** Loads the code of a part before it is shown, because React could not recover if that failed during rendering. */
export async function fetchPart(load: () => Promise<unknown>): Promise<Exclude<PartState, 'closed'>> {
  try {
    await load();
    return 'open';
  } catch {
    return (await hostAnswers()) ? 'gone' : 'unreachable';
  }
}
