import { useState } from 'react';
import { type Model, recommendedFor, shippedModel } from '../../catalogue/models';
import type { Damage, ModelFacts } from '../../protocol';
import { foreignHost } from '../../state/model-address';
import { chooseModel, isAccepted, isAdded, removeModel, useModels } from '../../state/models';
import { checkModel, deleteStored, dismissFailure, download, idOf, useTransfers } from '../../state/transfers';
import { diskText } from './amounts';
import { BeforeDownload } from './before-download';
import { insecureNoteId } from './insecure-note';
import { PageLink } from './page-link';
import { TransferFailure } from './transfer-failure';
import { TransferStatus } from './transfer-status';

/** A model, its state, and what can be done with it. */
export function ModelCard({ model }: { model: Model }) {
  const { chosen, accepted } = useModels();
  const { stored, storedFailure, transfer, checked, failure, facts } = useTransfers();
  const [asking, setAsking] = useState<'terms' | 'deletion' | undefined>();
  const { numFrames, width, height } = recommendedFor(model);
  const host = foreignHost(model.url);
  const there = stored?.[idOf(model)];
  const onDisk = model.place === 'folder';
  // storage that cannot say what it holds may still be able to delete it
  const deletable = there !== undefined || (storedFailure !== undefined && !onDisk);
  const usable = !model.terms || there?.whole === true;
  const own = transfer && transfer.kind !== 'copy' && transfer.url === model.url ? transfer : undefined;
  return (
    <article className="model-card" aria-label={model.name} data-chosen={chosen === model}>
      <h3>
        {model.name}
        {chosen === model && <span className="model-mark">in use</span>}
      </h3>
      {host && (
        <p className="model-host">
          From <strong>{host}</strong>
        </p>
      )}
      <p>{model.about}</p>
      <p className="hint">
        {numFrames} frames of {width}×{height}
        {model.downloadBytes !== undefined && `, ${diskText(model.downloadBytes)}`}
        {model.terms && model.terms.licences.length > 0 && `. Licence: ${model.terms.licences.join('; ')}`}
        {'. '}
        {placeWords(model, onDisk, there)}
        {(host || model.terms) && uncheckedWords(facts[model.url])}
      </p>
      {own && <TransferStatus transfer={own} />}
      {failure && failure.kind !== 'copy' && failure.url === model.url && (
        <TransferFailure {...failure} onClose={dismissFailure} />
      )}
      <p className="hint" role="status">
        {checked?.url === model.url && checkedWords(model, checked.damage, there?.whole === true)}
      </p>
      {asking === 'terms' && model.terms && !own && !there?.whole && (
        <BeforeDownload
          model={model}
          terms={model.terms}
          onDownload={() => {
            setAsking(undefined);
            void download(model);
          }}
        />
      )}
      {asking === 'deletion' && deletable && (
        <div className="model-actions">
          <p>Delete it from this device?{there && ` That frees ${diskText(there.bytes)}.`}</p>
          <button
            type="button"
            className="secondary"
            onClick={() => {
              setAsking(undefined);
              void deleteStored(model).then((gone) => gone && model.place === 'copy' && removeModel(model));
            }}
          >
            Delete
          </button>
          <button type="button" className="secondary" onClick={() => setAsking(undefined)}>
            Keep
          </button>
        </div>
      )}
      <div className="model-actions">
        {usable && chosen !== model && (
          <button type="button" className="secondary" onClick={() => chooseModel(model)}>
            Use
          </button>
        )}
        {model.place === 'server' && !there?.whole && !own && stored && (
          <button
            type="button"
            className="secondary"
            aria-disabled={insecureNoteId !== undefined || transfer !== undefined}
            aria-describedby={insecureNoteId}
            aria-expanded={model.terms ? asking === 'terms' : undefined}
            onClick={() => {
              if (insecureNoteId || transfer) return;
              if (model.terms && !(there && isAccepted(model, { accepted })))
                setAsking(asking === 'terms' ? undefined : 'terms');
              else void download(model);
            }}
          >
            {there ? 'Resume the download' : model.terms ? 'Download…' : 'Download'}
          </button>
        )}
        {there?.whole && !own && asking !== 'deletion' && (
          <button
            type="button"
            className="secondary"
            aria-disabled={transfer !== undefined}
            onClick={() => {
              if (!transfer) void checkModel(model);
            }}
          >
            Check
          </button>
        )}
        {deletable && !own && asking !== 'deletion' && (
          <button type="button" className="secondary" onClick={() => setAsking('deletion')}>
            Delete…
          </button>
        )}
        {isAdded(model) && !there && !own && (
          <button type="button" className="secondary" onClick={() => removeModel(model)}>
            Remove from the list
          </button>
        )}
        {model.terms && <PageLink terms={model.terms} className="text-button" />}
      </div>
    </article>
  );
}

/**
 * Not shown for the model that comes with the page, from the same server: a checksum would prove no more than the page itself.
 */
function uncheckedWords(facts: ModelFacts | undefined): string | undefined {
  const unchecked = facts?.files.filter(({ checked }) => !checked) ?? [];
  if (unchecked.length === 0) return undefined;
  const weights = unchecked.length === facts?.files.length ? 'its weights' : 'some of its weights';
  return ` No checksums are published for ${weights}, so Kinora cannot verify that they arrive unchanged.`;
}

function checkedWords(model: Model, { bytes, files }: Damage, whole: boolean): string {
  const again = model.place === 'copy' ? 'Copy its folder again' : 'Resume the download';
  if (bytes > 0 || files > 0) {
    const damaged = bytes > 0 ? `${diskText(bytes)} of it` : 'some of its small files';
    return `Checked: ${damaged} were damaged on this device and have been deleted. ${again} to repair it.`;
  }
  return whole ? 'Checked: every byte is as it was stored.' : `Checked: part of it is missing. ${again}.`;
}

function placeWords(model: Model, onDisk: boolean, there: { bytes: number; whole: boolean } | undefined): string {
  if (onDisk) return 'Used in place; choose the folder again on your next visit.';
  if (there?.whole) return `On this device, ${diskText(there.bytes)}.`;
  if (there && model.place === 'copy') return `Only ${diskText(there.bytes)} of it is stored: copy its folder again.`;
  if (there && there.bytes > 1e6) return `${diskText(there.bytes)} of it is stored.`;
  return model === shippedModel ? 'Comes with the page.' : 'Not on this device.';
}
