import { useRef } from 'react';
import type { VideoSize } from '../../protocol';
import type { Assessment } from '../../state/assessment';
import { updateSettings } from '../../state/settings';
import { addressWith } from '../../state/switches';
import { errorTexts } from '../errors/error-texts';
import { byWeight, lackText, type Remedy, remediesOf } from './lack-texts';

/** What the device lacks for the chosen video, and what would work instead. */
export function LackList({ assessment, modelName }: { assessment: Assessment | undefined; modelName: string }) {
  const result = useRef<HTMLDivElement>(null);
  return (
    <section className="lacks" aria-labelledby="lacks-title">
      <h3 id="lacks-title">{assessment ? titleOf(assessment, modelName) : 'The chosen video'}</h3>
      <div ref={result} role="status" tabIndex={-1}>
        <Verdict assessment={assessment} />
      </div>
      {assessment?.state === 'counted' && (
        <Remedies
          remedies={remediesOf(assessment.report.alternatives)}
          onApply={({ numFrames, width, height }) => {
            updateSettings({ numFrames, width, height });
            // the button disappears together with the problem that it solved
            result.current?.focus();
          }}
        />
      )}
    </section>
  );
}

function titleOf({ request: { numFrames, width, height } }: Assessment, modelName: string): string {
  return `${modelName}, ${numFrames === 1 ? '1 frame' : `${numFrames} frames`} of ${width}×${height}`;
}

function Verdict({ assessment }: { assessment: Assessment | undefined }) {
  if (!assessment) return <p>The size in the form is invalid; see the notes beside the fields.</p>;
  if (assessment.state === 'counting') return <p>Working out what the model needs…</p>;
  if (assessment.state === 'failed') {
    const { title, remedy } = errorTexts[assessment.code];
    return (
      <p>
        What the model needs is not known. {title}. {remedy}
      </p>
    );
  }
  const { shortfalls } = assessment.report;
  if (shortfalls.length === 0) return <p>This device has everything it needs.</p>;
  const stopped = shortfalls.some(({ stops }) => stops);
  return (
    <>
      <p>{stopped ? 'This device cannot make this video.' : 'This device can make this video, with limitations.'}</p>
      <ul>
        {byWeight(shortfalls).map((shortfall) => {
          const { title, meaning, remedy } = lackText(shortfall);
          return (
            <li key={shortfall.lack} data-stops={shortfall.stops}>
              <strong>
                {shortfall.stops ? 'Not possible here' : 'Limited'}: {title}.
              </strong>{' '}
              {meaning} <span className="hint">{remedy}</span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Remedies({ remedies, onApply }: { remedies: readonly Remedy[]; onApply: (size: VideoSize) => void }) {
  const offered = remedies.flatMap((remedy) => {
    if ('settings' in remedy) return { ...remedy, href: undefined };
    const href = addressWith(remedy.address.name, remedy.address.value);
    // the page already has this address
    return href === document.baseURI ? [] : { ...remedy, href };
  });
  if (offered.length === 0) return null;
  return (
    <>
      <h4>What would work</h4>
      <ul className="remedies">
        {offered.map((remedy) => (
          <li key={remedy.label}>
            <span>{remedy.sentence}</span>
            {'settings' in remedy ? (
              <button type="button" className="secondary" onClick={() => onApply(remedy.settings)}>
                {remedy.label}
              </button>
            ) : (
              // in another tab, because this one holds videos that have not been downloaded
              <a className="secondary" href={remedy.href} target="_blank" rel="noopener">
                {remedy.label} (new tab)
              </a>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
