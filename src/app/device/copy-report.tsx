import { CopyText } from '../copy-text';
import { deviceReport } from './device-report';
import type { KnownOfDevice } from './device-rows';

/** The whole panel as text. */
export function CopyReport({ known, modelName }: { known: KnownOfDevice; modelName: string }) {
  return (
    <section aria-label="Report">
      <CopyText
        text={deviceReport(known, modelName)}
        name="Report as text"
        summary="Report as text"
        button="Copy report"
        copied="Copied. It names your browser, your GPU, and the model and its source; it contains nothing from your prompts."
      />
    </section>
  );
}
