/** The latest preview of the running job. Pixels stay out of the stores: only the latest preview is kept. */
import type { StepPreview } from '../protocol';

let latest: StepPreview | undefined;
const listeners = new Set<() => void>();

export const preview = {
  get: () => latest,
  set(next: StepPreview | undefined): void {
    latest = next;
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
