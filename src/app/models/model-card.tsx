import { useState } from 'react';
import { type Model, shippedModel } from '../../models';
import { chooseModel, isAccepted, isAdded, removeModel, useModels } from '../../state/models';
import { checkModel, deleteStored, download, idOf, useTransfers } from '../../state/transfers';
import { diskText } from './amounts';
import { BeforeDownload } from './before-download';
import { insecureNoteId } from './insecure-note';
import { TransferFailure } from './transfer-failure';
import { TransferStatus } from './transfer-status';

/** A model, where it stands, and what can be done with it. */
export function ModelCard({ model }: { model: Model }) {
  const { chosen, accepted } = useModels();
  const { stored, transfer, checked, failure } = useTransfers();
  const [asking, setAsking] = useState<'terms' | 'deletion' | undefined>();
  const there = stored?.[idOf(model)];
  const onDisk = model.id.startsWith('picked:');
  const usable = !model.terms || there?.whole === true;
  const own = transfer && transfer.kind !== 'copy' && transfer.url === model.url ? transfer : undefined;
  return (
    <article className="model-card" aria-label={model.name} data-chosen={chosen === model}>
      <h3>
        {model.name}
        {chosen === model && <span className="model-mark">in use</span>}
      </h3>
      <p>{model.about}</p>
      <p className="hint">
        {model.numFrames} frames of {model.width}×{model.height}
        {model.downloadBytes !== undefined && `, ${diskText(model.downloadBytes)}`}
        {model.terms && model.terms.licences.length > 0 && `. Licence: ${model.terms.licences.join('; ')}`}
        {'. '}
        {placeWords(model, onDisk, there)}
      </p>
      {own && <TransferStatus transfer={own} />}
      {failure?.url === model.url && <TransferFailure {...failure} />}
      <p className="hint" role="status">
        {checked?.url === model.url && checkedWords(model, checked.damagedBytes)}
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
      {asking === 'deletion' && there && (
        <div className="model-actions">
          <p>Delete it from this device? That frees {diskText(there.bytes)}.</p>
          <button
            type="button"
            className="secondary"
            onClick={() => {
              setAsking(undefined);
              void deleteStored(model).then(() => model.url.startsWith('folder:') && removeModel(model));
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
        {!onDisk && !there?.whole && !own && stored && !model.url.startsWith('folder:') && (
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
        {there && !own && asking !== 'deletion' && (
          <button type="button" className="secondary" onClick={() => setAsking('deletion')}>
            Delete…
          </button>
        )}
        {isAdded(model) && !there && !own && (
          <button type="button" className="secondary" onClick={() => removeModel(model)}>
            Take off the list
          </button>
        )}
        {model.terms && (
          <a className="text-button" href={model.terms.page} target="_blank" rel="noopener noreferrer">
            Its page
          </a>
        )}
      </div>
    </article>
  );
}

function checkedWords(model: Model, damagedBytes: number): string {
  if (damagedBytes === 0) return 'Checked: every byte of it is as it was stored.';
  const again = model.url.startsWith('folder:') ? 'Copy its folder again' : 'Resume the download';
  return `Checked: ${diskText(damagedBytes)} of it were damaged on this device, and have been deleted. ${again} to mend it.`;
}

function placeWords(model: Model, onDisk: boolean, there: { bytes: number; whole: boolean } | undefined): string {
  if (onDisk) return 'Used where it lies; choose the folder again at your next visit.';
  if (there?.whole) return `On this device, ${diskText(there.bytes)}.`;
  if (there && there.bytes > 1e6) return `${diskText(there.bytes)} of it are here.`;
  return model === shippedModel ? 'Comes with the page.' : 'Not on this device.';
}
