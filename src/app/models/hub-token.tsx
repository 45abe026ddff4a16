import { useId } from 'react';
import { setToken, useTransfers } from '../../state/transfers';

/** For models that the hub gives only to those who accepted their conditions. */
export function HubToken() {
  const id = useId();
  const { token, tokenKept } = useTransfers();
  return (
    <details>
      <summary>Access token of the hub{token !== '' && <span className="hint"> in use</span>}</summary>
      <div className="field">
        <label htmlFor={id}>Token</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          aria-describedby={`${id}-hint`}
          value={token}
          onChange={(event) => setToken(event.target.value, tokenKept)}
        />
        <p className="hint" id={`${id}-hint`}>
          Only for models that are given to those who accepted conditions on their page. It is shown to the server of
          the model and to nobody else.
        </p>
        <label className="check">
          <input type="checkbox" checked={tokenKept} onChange={(event) => setToken(token, event.target.checked)} />
          Remember it on this device
        </label>
      </div>
    </details>
  );
}
