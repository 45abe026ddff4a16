import { useDevice } from '../../state/device';
import { fetchPart } from '../../state/parts';

export async function openDevicePanel(): Promise<void> {
  useDevice.setState({ panel: await fetchPart(() => import('./device-panel')) });
}
