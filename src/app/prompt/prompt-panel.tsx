import { useId } from 'react';
import { shippedModel } from '../../models';
import { updateSettings, useSettings } from '../../state/settings';
import { switches } from '../../state/switches';
import { DiceIcon } from '../icons';
import './prompt-panel.css';
import { randomShapePrompt } from './shape-prompts';

export function PromptPanel() {
  const id = useId();
  const prompt = useSettings((state) => state.prompt);
  const negativePrompt = useSettings((state) => state.negativePrompt);
  const { model } = switches;
  return (
    <div className="prompt-panel">
      <div className="field">
        <div className="label-line">
          <label htmlFor={`${id}-prompt`}>Prompt</label>
          <span className="hint" id={`${id}-hint`}>
            English only
          </span>
        </div>
        <textarea
          id={`${id}-prompt`}
          aria-describedby={`${id}-hint ${id}-about`}
          rows={3}
          value={prompt}
          placeholder={model.examples[0]}
          onChange={(event) => updateSettings({ prompt: event.target.value })}
        />
      </div>
      <p className="hint" id={`${id}-about`}>
        {model.about}
      </p>
      <ul className="examples" aria-label="Examples">
        {model.examples.map((example) => (
          <li key={example}>
            <button type="button" className="chip" onClick={() => updateSettings({ prompt: example })}>
              {example}
            </button>
          </li>
        ))}
        {model === shippedModel && (
          <li>
            <button type="button" className="chip" onClick={() => updateSettings({ prompt: randomShapePrompt() })}>
              <DiceIcon />
              Surprise me
            </button>
          </li>
        )}
      </ul>
      <details className="negative">
        <summary>Negative prompt{negativePrompt.trim() !== '' && <span className="hint"> in use</span>}</summary>
        <textarea
          aria-label="Negative prompt"
          aria-describedby={`${id}-negative-hint`}
          rows={2}
          value={negativePrompt}
          onChange={(event) => updateSettings({ negativePrompt: event.target.value })}
        />
        <p className="hint" id={`${id}-negative-hint`}>
          What the video should not show. Works only with a guidance above 1.
        </p>
      </details>
    </div>
  );
}
