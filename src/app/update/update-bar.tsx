import { useJob } from '../../state/job';
import { postponeUpdate, takeUpdate, useUpdate } from '../../state/update';
import './update-bar.css';

/** Asks before a new version of the page is taken, which reloads it; not while a video is being made. */
export function UpdateBar() {
  const waiting = useUpdate((state) => state.activate !== undefined);
  const running = useJob((state) => state.job.phase === 'running');
  return (
    <div role="status">
      {waiting && (
        <div className="update-bar">
          <p>
            {running
              ? 'A new version of Kinora is ready. It can be taken when this video is finished.'
              : 'A new version of Kinora is ready. Taking it reloads the page; videos on it that are not saved are lost.'}
          </p>
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
