import { useEffect } from 'react';
import { restoreFrom } from '../../state/restore';

/** Files that the installed app was opened with (Launch Handler API); not in every browser, so not in TypeScript's types. */
interface LaunchQueue {
  setConsumer(consumer: (launch: { files: readonly FileSystemFileHandle[] }) => void): void;
}

declare global {
  interface Window {
    launchQueue?: LaunchQueue;
  }
}

/** Loads the settings of videos that are dropped on the page, or opened with the installed app. */
export function useOpenedVideos(): void {
  useEffect(() => {
    window.launchQueue?.setConsumer(({ files: [handle] }) => {
      if (handle) void handle.getFile().then(restoreFrom);
    });
    const onDragOver = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      // a dialog handles its own drops
      if (event.defaultPrevented) return;
      const [file] = event.dataTransfer?.files ?? [];
      if (!file) return;
      event.preventDefault();
      void restoreFrom(file);
    };
    document.addEventListener('dragover', onDragOver);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragover', onDragOver);
      document.removeEventListener('drop', onDrop);
    };
  }, []);
}
