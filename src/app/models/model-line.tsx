import { lazy, Suspense } from 'react';
import { foreignHost } from '../../state/model-address';
import { useModels } from '../../state/models';
import { useTransfers } from '../../state/transfers';
import { ErrorBoundary } from '../errors/error-boundary';
import { FailedPanel } from '../errors/failed-part';
import { partTexts } from '../update/part-texts';
import './model-line.css';
// not in the panel: a lazy part's style sheet that failed to load is never requested again
import './models-panel.css';
import { openModelsPanel } from './open-models-panel';

const ModelsPanel = lazy(async () => ({ default: (await import('./models-panel')).ModelsPanel }));

/** Which model makes the next video, and the way to the others. */
export function ModelLine() {
  const model = useModels(({ chosen }) => chosen);
  const onItsWay = useTransfers(({ transfer }) => transfer !== undefined);
  const panel = useTransfers((state) => state.panel);
  const host = foreignHost(model.url);
  return (
    <div className="model-line">
      <p>
        <span className="label">Model</span> <span className="model-name">{model.name}</span>
        {host && <span className="model-host"> from {host}</span>}
      </p>
      <button type="button" className="secondary" onClick={() => void openModelsPanel()}>
        Models{onItsWay && ' (downloading)'}
      </button>
      {partTexts[panel] && (
        <p className="hint problem" role="alert">
          {partTexts[panel]}
        </p>
      )}
      {panel === 'open' && (
        <ErrorBoundary
          fallback={(thrown) => (
            <FailedPanel thrown={thrown} onClose={() => useTransfers.setState({ panel: 'closed' })} />
          )}
        >
          <Suspense fallback={null}>
            <ModelsPanel />
          </Suspense>
        </ErrorBoundary>
      )}
    </div>
  );
}
