import { useEffect, useId } from 'react';
import type { Model, Terms } from '../../catalogue/models';
import { assessModel, useAssessment } from '../../state/assessment';
import { acceptTerms, isAccepted, useModels } from '../../state/models';
import { inspect, stopInspecting, useTransfers } from '../../state/transfers';
import { byWeight, lackText } from '../device/lack-texts';
import { diskText } from './amounts';
import { PageLink } from './page-link';

interface BeforeDownloadProps {
  model: Model;
  terms: Terms;
  onDownload: () => void;
}

/** What a visitor reads before the first byte of a model is downloaded. */
export function BeforeDownload({ model, terms, onDownload }: BeforeDownloadProps) {
  const id = useId();
  const accepted = useModels((state) => isAccepted(model, state));
  const facts = useTransfers((state) => state.facts[model.url]);
  const licences = facts?.licence === undefined ? terms.licences : [...terms.licences, facts.licence];
  return (
    <section className="before-download" aria-label={`Before you download ${model.name}`}>
      <h4>Licence</h4>
      <p>
        {licences.length > 0 ? `${licences.join('; ')}. ` : ''}
        Full text: <PageLink terms={terms} />.
      </p>
      <h4>Limits</h4>
      <List items={terms.limits} />
      <h4>What it must not be used for</h4>
      <List items={terms.misuse} />
      <h4>What it needs</h4>
      <Costs model={model} />
      <label className="check" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          checked={accepted}
          onChange={(event) => acceptTerms(model, event.target.checked)}
        />
        I have read this and accept the terms of the model
      </label>
      <button
        type="button"
        className="primary"
        aria-disabled={!accepted || !facts}
        onClick={() => accepted && facts && onDownload()}
      >
        Download
      </button>
    </section>
  );
}

function List({ items }: { items: readonly string[] }) {
  return (
    <ul className="plain-list">
      {items.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  );
}

function Costs({ model }: { model: Model }) {
  const { facts, inspecting, storage } = useTransfers();
  const assessment = useAssessment(({ models }) => models[model.url]);
  useEffect(() => void assessModel(model), [model]);
  useEffect(() => {
    void inspect(model);
    return stopInspecting;
  }, [model]);
  const found = facts[model.url];
  const needed = found?.files.reduce((sum, { bytes, storedBytes }) => sum + bytes - storedBytes, 0);
  const room = storage && storage.quota - storage.usage;
  return (
    <ul className="plain-list" role="status">
      <li>
        {needed !== undefined
          ? `A one-time download of ${diskText(needed)}${found?.files.every(({ checked }) => checked) ? ', checked against the hashes that its authors published' : ''}.`
          : inspecting === model.url
            ? 'Asking the server for its size…'
            : 'Its size could not be determined.'}
      </li>
      {needed !== undefined && room !== undefined && (
        <li>
          {room > needed
            ? 'The browser has room for it.'
            : `The browser may not have room for it: it needs ${diskText(needed)}. Free some disk space, or delete another model.`}
        </li>
      )}
      {assessment?.state === 'counting' && <li>Working out what it needs from this device…</li>}
      {assessment?.state === 'counted' && assessment.report.shortfalls.length === 0 && (
        <li>This device has everything it needs.</li>
      )}
      {assessment?.state === 'counted' &&
        byWeight(assessment.report.shortfalls).map((shortfall) => {
          const { title, meaning, remedy } = lackText(shortfall);
          return (
            <li key={shortfall.lack}>
              <strong>
                {shortfall.stops ? 'Not possible here' : 'Limited'}: {title}.
              </strong>{' '}
              {meaning} <span className="hint">{remedy}</span>
            </li>
          );
        })}
    </ul>
  );
}
