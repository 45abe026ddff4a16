import { useId } from 'react';
import { schedulerDescriptions } from '../../engine/schedulers/descriptions';
import { takesEta } from '../../state/form';
import { useModels } from '../../state/models';
import { drawSeed, resetSettings, updateSettings, useSettings } from '../../state/settings';
import { SizeNote } from '../device/size-note';
import { DiceIcon } from '../icons';
import { NumberField } from './number-field';
import './settings-panel.css';

export function SettingsPanel() {
  const id = useId();
  const { guidance, scheduler, numFrames, fps } = useSettings();
  const description = schedulerDescriptions.find(({ className }) => className === scheduler);
  const model = useModels(({ chosen }) => chosen);
  return (
    <div className="settings-panel">
      <div className="pair">
        <NumberField name="steps" hint="More is slower, and finer up to a point." />
        <NumberField
          name="guidance"
          hint={
            guidance === 1 ? 'At 1 the prompt leads less, and the work is half.' : 'How closely to follow the prompt.'
          }
        />
      </div>
      <SeedField />
      <details>
        <summary>Scheduler, speed and size</summary>
        <div className="pair">
          <div className="field">
            <label htmlFor={`${id}-scheduler`}>Scheduler</label>
            <select
              id={`${id}-scheduler`}
              aria-describedby={`${id}-when`}
              value={scheduler}
              onChange={(event) => {
                const chosen = schedulerDescriptions.find(({ className }) => className === event.target.value);
                if (chosen) updateSettings({ scheduler: chosen.className });
              }}
            >
              {schedulerDescriptions.map(({ className, label }) => (
                <option key={className} value={className}>
                  {label}
                </option>
              ))}
            </select>
            <p className="hint" id={`${id}-when`}>
              {description?.when}
            </p>
          </div>
          <NumberField name="fps" hint={durationText(numFrames, fps)} />
        </div>
        {takesEta({ scheduler }) && <NumberField name="eta" hint="Noise that every step adds again; 0 is none." />}
        <div className="triple">
          <NumberField name="numFrames" />
          <NumberField name="width" />
          <NumberField name="height" />
        </div>
        <SizeNote />
        <p className="hint">
          The model was made for {model.numFrames} frames of {model.width}×{model.height} pixels; others work less well.
        </p>
        <button type="button" className="text-button" onClick={resetSettings}>
          Back to the recommended settings
        </button>
      </details>
    </div>
  );
}

function SeedField() {
  const newSeed = useSettings((state) => state.newSeed);
  return (
    <div className="seed">
      <NumberField name="seed">
        <button
          type="button"
          className="icon-button"
          aria-label="Roll another seed"
          title="Roll another seed"
          onClick={() => updateSettings({ seed: drawSeed(), newSeed: false })}
        >
          <DiceIcon />
        </button>
      </NumberField>
      <label className="check">
        <input
          type="checkbox"
          checked={newSeed}
          onChange={(event) => updateSettings({ newSeed: event.target.checked })}
        />
        New seed for every video
      </label>
    </div>
  );
}

function durationText(frames: number | null, fps: number | null): string {
  return frames && fps ? `${(frames / fps).toFixed(1)} seconds of video.` : '';
}
