/** Another version of the page: waiting to be used, or already taken by another tab. */
import { create } from 'zustand';
import { type UpdateKind, watchForUpdates } from '../client';
import { mayLeave } from './leaving';

export type { UpdateKind };

interface Update {
  kind: UpdateKind;
  /** Reloads the tab with the new version. */
  take: () => void;
}

/** Undefined if there is none, or it was postponed. */
export const useUpdate = create<{ update: Update | undefined }>(() => ({ update: undefined }));

export function askForUpdates(): void {
  // without a service worker the page works too, but not offline
  watchForUpdates((kind, take) => useUpdate.setState({ update: { kind, take } })).catch(() => undefined);
}

/** Switches to the new version, unless something would be lost and the visitor wants to keep it. */
export function takeUpdate(): void {
  const { update } = useUpdate.getState();
  // asked first, because activating the other version cannot be undone
  if (update && mayLeave()) update.take();
}

export function postponeUpdate(): void {
  useUpdate.setState({ update: undefined });
}
