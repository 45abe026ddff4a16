import { type ReactNode, useEffect, useRef } from 'react';
import { CrossIcon } from './icons';

/** A modal dialog, open while this component is mounted. Esc, a click outside and its button close it. */
export function PanelDialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="panel-dialog" aria-label={title} closedby="any" onClose={onClose}>
      <header className="panel-head">
        <h2>{title}</h2>
        <button
          type="button"
          className="icon-button"
          aria-label="Close"
          title="Close"
          onClick={() => dialog.current?.close()}
        >
          <CrossIcon />
        </button>
      </header>
      <div className="panel-body">{children}</div>
    </dialog>
  );
}
