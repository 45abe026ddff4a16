import { useJob } from '../../state/job';
import { markSaved, resultUrl, useResults } from '../../state/results';
import '../app.css';
import { FailedPart } from './failed-part';

/** Replaces the whole page. It shares none of the page's video components, since one of those may be what failed. */
export function FailedApp({ thrown }: { thrown: unknown }) {
  const results = useResults((state) => state.results);
  const running = useJob(({ job }) => job.phase === 'running');
  return (
    <main className="layout">
      <FailedPart
        title="The page has crashed"
        thrown={thrown}
        actions={
          <button type="button" className="secondary" onClick={() => location.reload()}>
            Reload
          </button>
        }
      >
        <p>
          This is a fault in Kinora, or in something that changes its page, such as a translator or a browser extension.{' '}
          {results.length > 0 && 'Your videos are still here: download what you want to keep, then reload the page. '}
          {results.length === 0 && 'Reload the page. '}
          {running && 'One more is being made and will be listed here too.'}
        </p>
        <p>
          If it fails every time, <a href="start-over.html">start over</a>.
        </p>
        <ul>
          {results.map(({ id, fileName }) => (
            <li key={id}>
              <a href={resultUrl(id)} download={fileName} onClick={() => markSaved(id)}>
                {fileName}
              </a>
            </li>
          ))}
        </ul>
      </FailedPart>
    </main>
  );
}
