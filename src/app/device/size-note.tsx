import { stoppingShortfalls, useAssessment } from '../../state/assessment';
import { useSettings } from '../../state/settings';
import './device-note.css';
import { lackText } from './lack-texts';
import { openDevicePanel } from './open-device-panel';

/** Why the size in the form cannot be made on this device, if that is known. */
export function SizeNote() {
  const settings = useSettings();
  const assessments = useAssessment();
  const [shortfall] = stoppingShortfalls(assessments, settings);
  return (
    <div role="status">
      {shortfall && (
        <p className="hint problem size-note">
          This device cannot hold this size. {lackText(shortfall).meaning}{' '}
          <button type="button" className="text-button" onClick={() => void openDevicePanel()}>
            What would work
          </button>
        </p>
      )}
    </div>
  );
}
