import '../shared/trusted-types';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '../app/app';
import { ErrorBoundary } from '../app/errors/error-boundary';
import { FailedApp } from '../app/errors/failed-app';
import { askBeforeLeaving } from '../state/leaving';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root.');
askBeforeLeaving();
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary fallback={(thrown) => <FailedApp thrown={thrown} />}>
      <App />
    </ErrorBoundary>
  </StrictMode>,
);
