import { recommendedFor } from '../../catalogue/models';
import { useModels } from '../../state/models';
import { resetSettings } from '../../state/settings';
import { SizeNote } from '../device/size-note';
import { Fields } from './fields';
import './settings-panel.css';

export function SettingsPanel() {
  const { numFrames, width, height } = recommendedFor(useModels(({ chosen }) => chosen));
  return (
    <div className="settings-panel">
      <Fields group="main" />
      <details>
        <summary>Scheduler, speed and size</summary>
        <Fields group="sampling" />
        <Fields group="size" />
        <SizeNote />
        <p className="hint">
          Best at {numFrames} frames of {width}×{height} pixels, which the model was made for.
        </p>
        <button type="button" className="text-button" onClick={resetSettings}>
          Back to the recommended settings
        </button>
      </details>
    </div>
  );
}
