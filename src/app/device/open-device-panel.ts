import { useDevice } from '../../state/device';

/** Fetches the panel's code first: React could not go on with the page where that fails. */
export async function openDevicePanel(): Promise<void> {
  const loaded = await import('./device-panel').then(
    () => true,
    () => false,
  );
  useDevice.setState({ panel: loaded ? 'open' : 'failed' });
}
