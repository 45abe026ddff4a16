/** A new version of the page that waits to be taken. */
import { create } from 'zustand';
import { watchForUpdates } from '../client';

/** Takes the new version and reloads the tab; undefined where none waits. */
type Activate = (() => void) | undefined;

export const useUpdate = create<{ activate: Activate }>(() => ({ activate: undefined }));

export function askForUpdates(): void {
  // without a service worker the page works as well, but not offline
  watchForUpdates((activate) => useUpdate.setState({ activate })).catch(() => undefined);
}

export function postponeUpdate(): void {
  useUpdate.setState({ activate: undefined });
}
