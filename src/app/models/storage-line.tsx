import { keepStored, useTransfers } from '../../state/transfers';
import { diskText } from './amounts';
import { TransferFailure } from './transfer-failure';

/** How much space the models take up, and whether the browser may clear them on its own. */
export function StorageLine() {
  const { stored, storedFailure, storage } = useTransfers();
  const bytes = Object.values(stored ?? {}).reduce((sum, model) => sum + model.bytes, 0);
  return (
    <section className="storage-line" aria-label="Storage">
      {storedFailure && <TransferFailure {...storedFailure} />}
      <p>
        {stored && `Models take up ${diskText(bytes)} on this device. `}
        {storage &&
          (storage.persisted
            ? 'The browser keeps them until you delete them.'
            : 'The browser may clear them when it is short of space.')}
      </p>
      {storage && !storage.persisted && (
        <button type="button" className="secondary" onClick={() => void keepStored()}>
          Ask the browser to keep them
        </button>
      )}
    </section>
  );
}
