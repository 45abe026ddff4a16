import type { ErrorCode, KinoraError } from '../../shared/errors';
import { dismissError } from '../../state/generation';
import { useJob } from '../../state/job';
import { CopyText } from '../copy-text';
import { openDevicePanel } from '../device/open-device-panel';
import { WarningIcon } from '../icons';
import { openModelsPanel } from '../models/open-models-panel';
import './error-panel.css';
import { errorText } from './error-texts';

/** Codes that the device panel can say more about. */
const deviceCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['no-webgpu', 'device-limits', 'out-of-memory']);

/** Codes whose cause can be fixed under Models. */
const modelsCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['quota', 'storage']);

export function ErrorPanel() {
  const job = useJob((state) => state.job);
  return (
    // present before its content, so that screen readers announce it
    <div role="alert">{job.phase === 'failed' && <Failure {...job} />}</div>
  );
}

interface FailureProps extends Pick<KinoraError, 'code' | 'missingBytes'> {
  details: string;
}

function Failure({ code, missingBytes, details }: FailureProps) {
  const { title, meaning, remedy } = errorText({ code, missingBytes });
  return (
    <div className="error" data-code={code}>
      <h2>
        <WarningIcon />
        {title}
      </h2>
      <p>{meaning}</p>
      <p className="error-remedy">{remedy}</p>
      <CopyText text={details} name="Details of the error" summary="Details" button="Copy details" copied="Copied.">
        {deviceCodes.has(code) && (
          <button type="button" className="secondary" onClick={() => void openDevicePanel()}>
            See what would work
          </button>
        )}
        {modelsCodes.has(code) && (
          <button type="button" className="secondary" onClick={() => void openModelsPanel()}>
            Open Models
          </button>
        )}
        <button type="button" className="secondary" onClick={dismissError}>
          Close
        </button>
      </CopyText>
    </div>
  );
}
