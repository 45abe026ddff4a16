import { browserFacts, cancel, generate } from '../../state/generation';
import { useJob } from '../../state/job';
import { reasonsNotToGenerate } from '../../state/reasons';
import { useSettings } from '../../state/settings';
import { PlayIcon, StopIcon } from '../icons';
import './actions.css';

const commandKey = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘' : 'Ctrl';

export function Actions() {
  const settings = useSettings();
  const running = useJob(({ job }) => job.phase === 'running');
  const cancelling = useJob(({ job }) => job.phase === 'running' && job.cancelling);
  const reasons = reasonsNotToGenerate(settings, browserFacts);
  return (
    <div className="actions">
      <button
        type="button"
        className="primary"
        aria-disabled={running || reasons.length > 0}
        aria-describedby="action-notes"
        onClick={() => void generate()}
      >
        <PlayIcon />
        Generate
      </button>
      <button type="button" className="secondary" aria-disabled={!running || cancelling} onClick={cancel}>
        <StopIcon />
        {cancelling ? 'Stopping…' : 'Cancel'}
      </button>
      <div id="action-notes" className="hint">
        {running ? (
          <p>A video is being made. Esc cancels it.</p>
        ) : reasons.length > 0 ? (
          <ul className="reasons">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        ) : (
          <p>
            <kbd>{commandKey}</kbd> + <kbd>Enter</kbd> does the same.
          </p>
        )}
      </div>
    </div>
  );
}
