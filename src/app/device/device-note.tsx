import { lazy, Suspense } from 'react';
import type { AdapterFacts } from '../../platform';
import type { Backend } from '../../protocol';
import { useDevice } from '../../state/device';
import { useJob } from '../../state/job';
import { switches } from '../../state/switches';
import { ErrorBoundary } from '../errors/error-boundary';
import { FailedPanel } from '../errors/failed-part';
import { ChipIcon } from '../icons';
import { partTexts } from '../update/part-texts';
import './device-note.css';
// small, and imported here: a style sheet that failed to load with the lazy panel would never be requested again
import './device-panel.css';
import { openDevicePanel } from './open-device-panel';

/** Where and in which precision a video was made, or a model was loaded. */
export function backendText({ device, dtype, adapter, software, threads }: Backend): string {
  if (device === 'wasm') return `the CPU, ${threads === 1 ? '1 thread' : `${threads} threads`}, ${dtype}`;
  return `${software ? 'a software adapter' : 'the GPU'} (${adapter || 'unnamed'}), ${dtype}`;
}

function expectedText(adapter: AdapterFacts | null | undefined): string {
  if (switches.request.device === 'wasm') return 'Runs on the CPU, as requested';
  if (adapter === undefined) return 'Looking for a GPU…';
  if (adapter === null) return 'Runs on the CPU: this browser offers no WebGPU';
  const name = adapter.name || 'unnamed';
  if (!adapter.software) return `Runs on the GPU (${name})`;
  if (switches.request.device === 'webgpu') return `Runs on a software adapter (${name}), which is slow`;
  return `Runs on the CPU: the only GPU is a software one (${name})`;
}

const DevicePanel = lazy(async () => ({ default: (await import('./device-panel')).DevicePanel }));

export function DeviceNote() {
  const adapter = useDevice((state) => state.adapter);
  const panel = useDevice((state) => state.panel);
  const backend = useJob((state) => state.model?.backend);
  return (
    <div>
      <p className="device-note">
        <ChipIcon />
        <span>
          {backend ? `Runs on ${backendText(backend)}` : expectedText(adapter)}{' '}
          <button type="button" className="text-button" onClick={() => void openDevicePanel()}>
            About this device
          </button>
        </span>
      </p>
      <p className="hint problem" role="status">
        {partTexts[panel]}
      </p>
      {panel === 'open' && (
        <ErrorBoundary
          fallback={(thrown) => <FailedPanel thrown={thrown} onClose={() => useDevice.setState({ panel: 'closed' })} />}
        >
          <Suspense fallback={null}>
            <DevicePanel />
          </Suspense>
        </ErrorBoundary>
      )}
    </div>
  );
}
