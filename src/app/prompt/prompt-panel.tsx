import { useId } from 'react';
import { parameters } from '../../engine/parameters';
import { useModels } from '../../state/models';
import { updateSettings, useSettings } from '../../state/settings';
import { Examples } from './examples';
import './prompt-panel.css';
import { TokenCount } from './token-count';

const { negativePrompt: negative } = parameters;

export function PromptPanel() {
  const id = useId();
  const prompt = useSettings((state) => state.prompt);
  const negativePrompt = useSettings((state) => state.negativePrompt);
  const model = useModels(({ chosen }) => chosen);
  return (
    <div className="prompt-panel">
      <div className="field">
        <div className="label-line">
          <label htmlFor={`${id}-prompt`}>{parameters.prompt.label}</label>
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
        <summary>
          {negative.label}
          {negativePrompt.trim() !== '' && <span className="hint"> in use</span>}
        </summary>
        <textarea
          aria-label={negative.label}
          aria-describedby={`${id}-negative-hint`}
          rows={2}
          value={negativePrompt}
          onChange={(event) => updateSettings({ negativePrompt: event.target.value })}
        />
        <p className="hint" id={`${id}-negative-hint`}>
          {negative.help}
        </p>
      </details>
    </div>
  );
}
