import type { ErrorCode } from '../../errors';
import { dismissError } from '../../state/generation';
import { useJob } from '../../state/job';
import { CopyText } from '../copy-text';
import { openDevicePanel } from '../device/open-device-panel';
import { WarningIcon } from '../icons';
import './error-panel.css';
import { errorTexts } from './error-texts';

/** What the device panel has more to say about. */
const deviceCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['no-webgpu', 'device-limits', 'out-of-memory']);

export function ErrorPanel() {
  const job = useJob((state) => state.job);
  return (
    // there before its content, so that screen readers announce it
    <div role="alert">{job.phase === 'failed' && <Failure code={job.code} details={job.details} />}</div>
  );
}

function Failure({ code, details }: { code: ErrorCode; details: string }) {
  const { title, meaning, remedy } = errorTexts[code];
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
        <button type="button" className="secondary" onClick={dismissError}>
          Close
        </button>
      </CopyText>
    </div>
  );
}
