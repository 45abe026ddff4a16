import { browserFacts, generate, modelPlace } from '../../state/generation';
import { useJob } from '../../state/job';
import { useModels } from '../../state/models';
import { reasonsNotToGenerate } from '../../state/reasons';
import { useSettings } from '../../state/settings';
import { useTransfers } from '../../state/transfers';
import { PlayIcon } from '../icons';
import './actions.css';

const commandKey = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘' : 'Ctrl';

/** The button is only marked as disabled: it keeps the focus, so that its reasons can be read. */
export function Actions() {
  const settings = useSettings();
  const running = useJob(({ job }) => job.phase === 'running');
  const model = useModels(({ chosen }) => chosen);
  // re-renders when storage has answered whether the model is here
  useTransfers(({ stored }) => stored);
  const reasons = reasonsNotToGenerate(settings, browserFacts, modelPlace(), model);
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
      <div id="action-notes" className="hint">
        {running ? (
          <p>Generating. Press Esc to cancel.</p>
        ) : reasons.length > 0 ? (
          <ul className="reasons">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        ) : (
          <ReadyNote />
        )}
      </div>
    </div>
  );
}

/** Also says what the first press costs: nothing large is downloaded without consent. */
function ReadyNote() {
  const loaded = useJob(({ model }) => model !== undefined);
  const { downloadBytes, terms } = useModels(({ chosen }) => chosen);
  const size = downloadBytes === undefined ? '' : ` (${Math.round(downloadBytes / 1e6)} MB)`;
  return (
    <p>
      <span className="for-keyboards">
        Or press <kbd>{commandKey}</kbd> + <kbd>Enter</kbd>.{' '}
      </span>
      {!loaded && !terms && `The first video downloads the model${size}; this browser then keeps it.`}
    </p>
  );
}
