import { useId } from 'react';
import { useModels } from '../../state/models';
import { updateSettings, useSettings } from '../../state/settings';
import { Examples } from './examples';
import './prompt-panel.css';
import { TokenCount } from './token-count';

export function PromptPanel() {
  const id = useId();
  const prompt = useSettings((state) => state.prompt);
  const negativePrompt = useSettings((state) => state.negativePrompt);
  const model = useModels(({ chosen }) => chosen);
  return (
    <div className="prompt-panel">
      <div className="field">
        <div className="label-line">
          <label htmlFor={`${id}-prompt`}>Prompt</label>
          <span className="hint" id={`${id}-hint`}>
            English only
            <TokenCount text={prompt.trim()} />
          </span>
        </div>
        <textarea
          id={`${id}-prompt`}
          className="prompt-text"
          aria-describedby={`${id}-hint ${id}-about`}
          rows={2}
          value={prompt}
          placeholder={model.examples[0]?.prompt}
          onChange={(event) => updateSettings({ prompt: event.target.value })}
        />
      </div>
      <Examples />
      <p className="hint" id={`${id}-about`}>
        {model.about}
      </p>
      <details>
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
