import { useState } from 'react';
import { deviceReport } from './device-report';
import type { KnownOfDevice } from './device-rows';

/** The whole panel as text, to copy by a button, or by hand where the browser keeps the clipboard to itself. */
export function CopyReport({ known, modelName }: { known: KnownOfDevice; modelName: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  const report = deviceReport(known, modelName);
  const copy = () =>
    // without a secure context there is no clipboard at all
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(report))
      .then(
        () => setOutcome('copied'),
        () => setOutcome('refused'),
      );
  return (
    <section className="device-copy" aria-label="Report">
      <button type="button" className="secondary" onClick={() => void copy()}>
        Copy report
      </button>
      <span className="hint" role="status">
        {outcome === 'copied' &&
          'Copied. It names your browser, your GPU, the model and where it comes from, and has nothing of your prompts.'}
        {outcome === 'refused' && 'The browser did not allow it. The text below can be copied by hand.'}
      </span>
      <details open={outcome === 'refused'}>
        <summary>Report as text</summary>
        <textarea readOnly rows={10} aria-label="Report as text" value={report} />
      </details>
    </section>
  );
}
