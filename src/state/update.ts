/** Another version of the page: one that waits to be taken, or that another tab has taken. */
import { create } from 'zustand';
import { type UpdateKind, watchForUpdates } from '../client';

export type { UpdateKind };

interface Update {
  kind: UpdateKind;
  /** Reloads the tab with the new version. */
  take: () => void;
}

/** Undefined where there is none, or it was postponed. */
export const useUpdate = create<{ update: Update | undefined }>(() => ({ update: undefined }));

export function askForUpdates(): void {
  // without a service worker the page works as well, but not offline
  watchForUpdates((kind, take) => useUpdate.setState({ update: { kind, take } })).catch(() => undefined);
}

export function postponeUpdate(): void {
  useUpdate.setState({ update: undefined });
}
