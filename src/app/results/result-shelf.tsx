import { maxResults, resultUrl, selectResult, useResults } from '../../state/results';

/** The videos of this visit, newest first. */
export function ResultShelf() {
  const { results, selectedId } = useResults();
  if (results.length === 0) return null;
  return (
    <section className="shelf" aria-label="Videos of this visit">
      <h2>Made in this visit</h2>
      <ul>
        {results.map(({ id, request }) => (
          <li key={id}>
            <button
              type="button"
              className="thumb"
              aria-pressed={id === selectedId}
              aria-label={`${request.prompt}, seed ${request.seed}`}
              title={`${request.prompt}, seed ${request.seed}`}
              onClick={() => selectResult(id)}
            >
              <video src={resultUrl(id)} muted playsInline preload="auto" aria-hidden="true" tabIndex={-1} />
            </button>
          </li>
        ))}
      </ul>
      <p className="hint">
        {results.length < maxResults
          ? 'They are gone when this tab closes. Download what you want to keep.'
          : `There is room for ${maxResults}: the next video takes the place of the oldest one here, and all are gone when this tab closes. Download what you want to keep.`}
      </p>
    </section>
  );
}
