/** Another version of the page: one that waits to be taken, or that another tab has taken. */
import { create } from 'zustand';
import { type UpdateKind, watchForUpdates } from '../client';
import { mayLeave } from './leaving';

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

/** Takes the new version, unless something would be lost and the visitor wants to keep it. */
export function takeUpdate(): void {
  const { update } = useUpdate.getState();
  // before, for the other version is there for good once it is active
  if (update && mayLeave()) update.take();
}

export function postponeUpdate(): void {
  useUpdate.setState({ update: undefined });
}
