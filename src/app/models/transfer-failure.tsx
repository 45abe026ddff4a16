import type { ErrorCode } from '../../errors';
import { dismissFailure } from '../../state/transfers';
import { errorTexts } from '../errors/error-texts';

/** What went wrong with a model, in the page's words. */
export function TransferFailure({ code, message }: { code: ErrorCode; message: string }) {
  const { title, meaning, remedy } = errorTexts[code];
  return (
    <div className="transfer-failure" role="alert" data-code={code}>
      <p>
        <strong>{title}.</strong> {meaning} {remedy}
      </p>
      <details>
        <summary>Details</summary>
        <p className="hint">
          {code}: {message}
        </p>
      </details>
      <button type="button" className="secondary" onClick={dismissFailure}>
        Close
      </button>
    </div>
  );
}
