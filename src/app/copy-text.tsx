import { type ReactNode, useState } from 'react';
import './copy-text.css';

interface CopyTextProps {
  text: string;
  /** Of the text, for screen readers. */
  name: string;
  /** What unfolds the text. */
  summary: string;
  button: string;
  /** What is said once it was copied. */
  copied: string;
  /** Further buttons, beside that which copies. */
  children?: ReactNode;
}

/** A text to take elsewhere: copied by a button, or by hand where the browser keeps the clipboard to itself. */
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
