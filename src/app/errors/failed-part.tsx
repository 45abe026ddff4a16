import type { ReactNode } from 'react';
import { version } from '../../shared/version';
import { CopyText } from '../copy-text';
import { WarningIcon } from '../icons';
import './error-panel.css';

interface FailedPartProps {
  title: string;
  thrown: unknown;
  /** What still works, and what to do. */
  children: ReactNode;
  /** Buttons. */
  actions: ReactNode;
}

/** Replaces a part of the page that has thrown. */
export function FailedPart({ title, thrown, children, actions }: FailedPartProps) {
  return (
    <div role="alert">
      <div className="error" data-code="internal">
        <h2>
          <WarningIcon />
          {title}
        </h2>
        {children}
        <CopyText
          text={details(thrown)}
          name="Details of the error"
          summary="Details"
          button="Copy details"
          copied="Copied."
        >
          {actions}
        </CopyText>
      </div>
    </div>
  );
}

/** Replaces a panel; the rest of the page is unaffected. */
export function FailedPanel({ thrown, onClose }: { thrown: unknown; onClose: () => void }) {
  return (
    <FailedPart
      title="This part of the page has crashed"
      thrown={thrown}
      actions={
        <button type="button" className="secondary" onClick={onClose}>
          Close
        </button>
      }
    >
      <p>This is a fault in Kinora or in something that changes its page. Everything else keeps working.</p>
    </FailedPart>
  );
}

function details(thrown: unknown): string {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return [`Kinora ${version}: ${String(thrown)}`, `Browser: ${navigator.userAgent}`, '', stack ?? ''].join('\n').trim();
}
