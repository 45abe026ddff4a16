import { useJob } from '../../state/job';
import { postponeUpdate, useUpdate } from '../../state/update';
import './update-bar.css';

/** Asks before a new version of the page is taken, which reloads it; not while a video is being made. */
export function UpdateBar() {
  const activate = useUpdate((state) => state.activate);
  const running = useJob((state) => state.job.phase === 'running');
  return (
    <div role="status">
      {activate && (
        <div className="update-bar">
          <p>
            {running
              ? 'A new version of Kinora is ready. It can be taken when this video is finished.'
              : 'A new version of Kinora is ready. Taking it reloads the page; videos on it that are not saved are lost.'}
          </p>
          <button type="button" onClick={activate} disabled={running}>
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
