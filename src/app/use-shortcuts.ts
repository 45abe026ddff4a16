import { useEffect } from 'react';
import { cancel, generate } from '../state/generation';

/** Ctrl/Cmd+Enter makes a video, Esc cancels it, wherever the focus is. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented) return;
      // an open dialog gets the keys, and Esc closes it
      if (document.querySelector('dialog:modal')) return;
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void generate();
      } else if (event.key === 'Escape') {
        cancel();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}
