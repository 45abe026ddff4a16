import { fetchPart } from '../../state/parts';
import { refreshStored, useTransfers } from '../../state/transfers';

export async function openModelsPanel(): Promise<void> {
  const panel = await fetchPart(() => import('./models-panel'));
  useTransfers.setState({ panel });
  if (panel === 'open') void refreshStored();
}
