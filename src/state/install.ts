/** The browser's offer to install the page; only some make one. */
import { create } from 'zustand';

/** Not a standard, so not in TypeScript's types. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<unknown>;
}

const isInstallPrompt = (event: Event): event is InstallPromptEvent => 'prompt' in event;

/** Shows the browser's own question; undefined where there is no offer, or it was answered. */
export const useInstall = create<{ install: (() => void) | undefined }>(() => ({ install: undefined }));

export function watchForInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    if (!isInstallPrompt(event)) return;
    // the browser would ask by itself, at a moment of its own
    event.preventDefault();
    const install = () => {
      useInstall.setState({ install: undefined });
      void event.prompt();
    };
    useInstall.setState({ install });
  });
  addEventListener('appinstalled', () => useInstall.setState({ install: undefined }));
}
