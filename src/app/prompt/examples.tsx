import { shippedModel } from '../../models';
import { updateSettings } from '../../state/settings';
import { switches } from '../../state/switches';
import { DiceIcon } from '../icons';
import { ExamplePicture } from './example-picture';
import { randomShapePrompt } from './shape-prompts';

/** Prompts that the model can do, one click each. */
export function Examples() {
  const { model } = switches;
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
