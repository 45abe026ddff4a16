import type { Failure } from '../../state/transfers';
import { errorText } from '../errors/error-texts';

interface TransferFailureProps extends Failure {
  /** Left out if the failure stays visible until its cause is gone. */
  onClose?: () => void;
}

/** What went wrong with a model, or with the storage of all models, in the page's words. */
export function TransferFailure({ code, message, missingBytes, onClose }: TransferFailureProps) {
  const { title, meaning, remedy } = errorText({ code, missingBytes });
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
      {onClose && (
        <button type="button" className="secondary" onClick={onClose}>
          Close
        </button>
      )}
    </div>
  );
}
