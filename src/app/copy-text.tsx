import { type ReactNode, useState } from 'react';
import './copy-text.css';

interface CopyTextProps {
  text: string;
  /** Name of the text, for screen readers. */
  name: string;
  /** Summary line that unfolds the text. */
  summary: string;
  button: string;
  /** Shown after copying. */
  copied: string;
  /** More buttons, next to the copy button. */
  children?: ReactNode;
}

/** A text to take elsewhere, copied by a button, or by hand if the browser denies access to the clipboard. */
export function CopyText({ text, name, summary, button, copied, children }: CopyTextProps) {
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  const copy = () =>
    // without a secure context there is no clipboard at all
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(text))
      .then(
        () => setOutcome('copied'),
        () => setOutcome('refused'),
      );
  return (
    <div className="copy-text">
      <details open={outcome === 'refused'}>
        <summary>{summary}</summary>
        <textarea readOnly rows={8} aria-label={name} value={text} />
      </details>
      <div className="copy-actions">
        <button type="button" className="secondary" onClick={() => void copy()}>
          {button}
        </button>
        {children}
      </div>
      <p className="hint" role="status">
        {outcome === 'copied' && copied}
        {outcome === 'refused' && 'The browser did not allow copying. Copy the text above by hand.'}
      </p>
    </div>
  );
}
