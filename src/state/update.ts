/** A new version of the page that waits to be taken. */
import { create } from 'zustand';
import { watchForUpdates } from '../client';
import { mayLeave } from './leaving';

/** Takes the new version and reloads the tab; undefined where none waits. */
type Activate = (() => void) | undefined;

export const useUpdate = create<{ activate: Activate }>(() => ({ activate: undefined }));

export function askForUpdates(): void {
  // without a service worker the page works as well, but not offline
  watchForUpdates((activate) => useUpdate.setState({ activate })).catch(() => undefined);
}

/** Takes the new version, unless something would be lost and the visitor wants to keep it. */
export function takeUpdate(): void {
  const { activate } = useUpdate.getState();
  // before, for the other version is there for good once it is active
  if (activate && mayLeave()) activate();
}

export function postponeUpdate(): void {
  useUpdate.setState({ activate: undefined });
}
