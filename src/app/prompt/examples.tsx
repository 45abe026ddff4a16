import { shippedModel } from '../../catalogue/models';
import { useModels } from '../../state/models';
import { updateSettings } from '../../state/settings';
import { DiceIcon } from '../icons';
import { ExamplePicture } from './example-picture';
import { randomShapePrompt } from './shape-prompts';

/** Prompts that suit the model, one click each. */
export function Examples() {
  const model = useModels(({ chosen }) => chosen);
  return (
    <ul className="examples" aria-label="Examples">
      {model.examples.map(({ prompt, label, picture }) => (
        <li key={prompt}>
          <button type="button" className="chip" title={prompt} onClick={() => updateSettings({ prompt })}>
            {picture && <ExamplePicture {...picture} />}
            {label}
          </button>
        </li>
      ))}
      {model === shippedModel && (
        <li>
          <button type="button" className="chip" onClick={() => updateSettings({ prompt: randomShapePrompt() })}>
            <DiceIcon />
            surprise me
          </button>
        </li>
      )}
    </ul>
  );
}
