/** Parts of the page whose code is fetched when they are first opened. */
import { hostAnswers } from '../client';

/** `unreachable`, `gone`: the code did not come, because its host does not answer, or although it does. */
export type PartState = 'closed' | 'open' | 'unreachable' | 'gone';

/** Fetches the code of a part before it is shown: React could not go on with the page where that fails. */
export async function fetchPart(load: () => Promise<unknown>): Promise<Exclude<PartState, 'closed'>> {
  try {
    await load();
    return 'open';
  } catch {
    return (await hostAnswers()) ? 'gone' : 'unreachable';
  }
}
