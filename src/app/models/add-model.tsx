import { type DragEvent, useId, useRef, useState } from 'react';
import type { Picked } from '../../protocol';
import { modelAddress } from '../../state/model-address';
import { addModel, addPickedFolder, chooseModel } from '../../state/models';
import { copyFolder, dismissFailure, useTransfers } from '../../state/transfers';
import { insecureNoteId } from './insecure-note';
import { droppedFolder, listedFolder } from './picked-folders';
import { TransferFailure } from './transfer-failure';
import { TransferStatus } from './transfer-status';

/** Adds models that are not on the list: from the hub, from an address, or from the visitor's disk. */
export function AddModel() {
  return (
    <section className="add-model" aria-labelledby="add-model-title">
      <h3 id="add-model-title">Another model</h3>
      <AddAddress />
      <AddFolder />
    </section>
  );
}

function AddAddress() {
  const id = useId();
  const [text, setText] = useState('');
  const [revision, setRevision] = useState('');
  const [said, setSaid] = useState('');
  const submit = () => {
    const address = modelAddress(text, revision.trim() || 'main');
    if (address === undefined) {
      setSaid('Enter a Hugging Face name (owner/name) or the address of a folder.');
      return;
    }
    addModel(address, text.trim());
    setText('');
    setSaid('Added to the list.');
  };
  return (
    <form
      className="add-address"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="field">
        <label htmlFor={`${id}-address`}>Hugging Face name or address</label>
        <input
          id={`${id}-address`}
          value={text}
          placeholder="owner/name"
          spellCheck={false}
          autoCapitalize="none"
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <div className="field revision">
        <label htmlFor={`${id}-revision`}>Revision</label>
        <input
          id={`${id}-revision`}
          value={revision}
          placeholder="main"
          spellCheck={false}
          autoCapitalize="none"
          onChange={(event) => setRevision(event.target.value)}
        />
      </div>
      <button type="submit" className="secondary">
        Add
      </button>
      <p className="hint" role="status">
        {said}
      </p>
    </form>
  );
}

function AddFolder() {
  const input = useRef<HTMLInputElement>(null);
  const transfer = useTransfers((state) => state.transfer);
  const failure = useTransfers((state) => state.failure);
  const [folder, setFolder] = useState<{ name: string; picked: Picked } | undefined>();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void droppedFolder(event.dataTransfer).then((dropped) => dropped && setFolder(dropped));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first
    <div className="add-folder" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <p className="label">A folder on this computer</p>
      <p className="hint">
        A diffusers folder, with a model_index.json in it. Choose it, or drop it here. Nothing is uploaded.
      </p>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="Model folder"
        // not among React's attributes
        {...{ webkitdirectory: '' }}
        onChange={(event) => setFolder(listedFolder(event.target.files))}
      />
      <button type="button" className="secondary" onClick={() => input.current?.click()}>
        Choose a folder
      </button>
      {folder && !transfer && (
        <div className="model-actions">
          <p>{folder.name}:</p>
          <button
            type="button"
            className="secondary"
            aria-disabled={insecureNoteId !== undefined}
            aria-describedby={insecureNoteId}
            onClick={() => {
              if (insecureNoteId) return;
              chooseModel(addPickedFolder(folder.picked, folder.name));
              setFolder(undefined);
            }}
          >
            Use in place
          </button>
          <button
            type="button"
            className="secondary"
            aria-disabled={insecureNoteId !== undefined}
            aria-describedby={insecureNoteId}
            onClick={() => {
              if (insecureNoteId) return;
              setFolder(undefined);
              void copyFolder(folder.picked, folder.name).then((model) => model && chooseModel(model));
            }}
          >
            Copy into the browser
          </button>
        </div>
      )}
      {transfer?.kind === 'copy' && <TransferStatus transfer={transfer} />}
      {/* failures of models that are listed show there */}
      {failure?.kind === 'copy' && <TransferFailure {...failure} onClose={dismissFailure} />}
    </div>
  );
}
