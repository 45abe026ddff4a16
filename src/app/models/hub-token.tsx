import { useId, useState } from 'react';
import { tokenOrigins } from '../../catalogue/models';
import { hubOrigin, tokenOf } from '../../shared/access-token';
import { useModels } from '../../state/models';
import { setToken, useTransfers } from '../../state/transfers';

/** For models whose conditions have to be accepted on their hub. There is one token, for one hub. */
export function HubToken() {
  const id = useId();
  const { token, tokenKept } = useTransfers();
  const models = useModels((state) => state.models);
  const [origin, setOrigin] = useState(token?.origin ?? hubOrigin);
  const origins = [...new Set([...tokenOrigins(models), ...(token ? [token.origin] : []), origin])];
  const enter = (text: string) => {
    const entered = tokenOf(text);
    setToken(entered === '' ? undefined : { origin, token: entered }, tokenKept);
  };
  return (
    <details>
      <summary>Access token{token && <span className="hint"> for {hostOf(token.origin)} in use</span>}</summary>
      {origins.length > 1 && (
        <div className="field">
          <label htmlFor={`${id}-origin`}>For models on</label>
          <select id={`${id}-origin`} value={origin} onChange={(event) => setOrigin(event.target.value)}>
            {origins.map((one) => (
              <option key={one} value={one}>
                {hostOf(one)}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="field">
        <label htmlFor={id}>Access token for {hostOf(origin)}</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          aria-describedby={`${id}-hint`}
          value={token?.origin === origin ? token.token : ''}
          onChange={(event) => enter(event.target.value)}
        />
        <p className="hint" id={`${id}-hint`}>
          Only for models that require you to accept conditions on their page. It is sent to {hostOf(origin)} and
          nowhere else.
          {token && token.origin !== origin && ` What you enter here replaces the one for ${hostOf(token.origin)}.`}
        </p>
        <label className="check">
          <input type="checkbox" checked={tokenKept} onChange={(event) => setToken(token, event.target.checked)} />
          Remember it on this device
        </label>
      </div>
    </details>
  );
}

function hostOf(origin: string): string {
  return new URL(origin).host;
}
