import { useJob } from '../../state/job';
import { postponeUpdate, takeUpdate, type UpdateKind, useUpdate } from '../../state/update';
import './update-bar.css';

const texts: Readonly<Record<UpdateKind, string>> = {
  waiting: 'A new version of Kinora is ready. Reload to use it; videos that you have not downloaded will be lost.',
  taken:
    'Kinora was updated in another tab. Reload this one to update it too; videos that you have not downloaded will be lost.',
};

const whileRunning: Readonly<Record<UpdateKind, string>> = {
  waiting: 'A new version of Kinora is ready. You can reload when this video is finished.',
  taken: 'Kinora was updated in another tab. You can reload this one when this video is finished.',
};

/** Asks before switching to a new version, which reloads the page; disabled while a video is being made. */
export function UpdateBar() {
  const update = useUpdate((state) => state.update);
  const running = useJob((state) => state.job.phase === 'running');
  return (
    <div role="status">
      {update && (
        <div className="update-bar">
          <p>{running ? whileRunning[update.kind] : texts[update.kind]}</p>
          <button type="button" onClick={takeUpdate} disabled={running}>
            Reload
          </button>
          <button type="button" onClick={postponeUpdate}>
            Later
          </button>
        </div>
      )}
    </div>
  );
}
