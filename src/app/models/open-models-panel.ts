import { refreshStored, useTransfers } from '../../state/transfers';

/** Fetches the panel's code first: React could not go on with the page where that fails. */
export async function openModelsPanel(): Promise<void> {
  const loaded = await import('./models-panel').then(
    () => true,
    () => false,
  );
  useTransfers.setState({ panel: loaded ? 'open' : 'failed' });
  if (loaded) void refreshStored();
}
