/** The browser's offer to install the page; only some make one. */
import { create } from 'zustand';

/** Not standardized, so not in TypeScript's types. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<unknown>;
}

const isInstallPrompt = (event: Event): event is InstallPromptEvent => 'prompt' in event;

/** Shows the browser's own prompt; undefined if there is no offer, or it has been answered. */
export const useInstall = create<{ install: (() => void) | undefined }>(() => ({ install: undefined }));

export function watchForInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    if (!isInstallPrompt(event)) return;
    // otherwise the browser would prompt at a moment of its choosing
    event.preventDefault();
    const install = () => {
      useInstall.setState({ install: undefined });
      void event.prompt();
    };
    useInstall.setState({ install });
  });
  addEventListener('appinstalled', () => useInstall.setState({ install: undefined }));
}
