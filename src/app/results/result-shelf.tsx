import { maxResults, resultUrl, selectResult, useResults } from '../../state/results';

/** The videos of this visit, newest first. */
export function ResultShelf() {
  const { results, selectedId } = useResults();
  if (results.length === 0) return null;
  return (
    <section className="shelf" aria-label="Videos from this visit">
      <h2>Videos from this visit</h2>
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
          ? 'They are lost when this tab closes. Download the ones you want to keep.'
          : `There is room for ${maxResults}: the next video replaces the oldest, and all are lost when this tab closes. Download the ones you want to keep.`}
      </p>
    </section>
  );
}
