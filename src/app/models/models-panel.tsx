import { useModels } from '../../state/models';
import { useTransfers } from '../../state/transfers';
import { PanelDialog } from '../panel-dialog';
import { AddModel } from './add-model';
import { HubToken } from './hub-token';
import { InsecureNote } from './insecure-note';
import { ModelCard } from './model-card';
import { StorageLine } from './storage-line';

export function ModelsPanel() {
  const models = useModels((state) => state.models);
  return (
    <PanelDialog title="Models" onClose={() => useTransfers.setState({ panel: 'closed' })}>
      <InsecureNote />
      <ul className="models">
        {models.map((model) => (
          <li key={model.id}>
            <ModelCard model={model} />
          </li>
        ))}
      </ul>
      <AddModel />
      <HubToken />
      <StorageLine />
    </PanelDialog>
  );
}
