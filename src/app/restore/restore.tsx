import { useRef } from 'react';
import { restoreFrom, useRestore } from '../../state/restore';

/** Loads the settings of a Kinora video. Videos can also be dropped on the page: see useOpenedVideos. */
export function Restore() {
  const input = useRef<HTMLInputElement>(null);
  const { file, said, problem } = useRestore();
  return (
    <div>
      <input
        ref={input}
        type="file"
        accept="video/mp4,.mp4"
        hidden
        aria-label="Video made with Kinora"
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen) void restoreFrom(chosen);
          // so that the same one can be chosen again
          event.target.value = '';
        }}
      />
      <button type="button" className="text-button" onClick={() => input.current?.click()}>
        Load settings from a Kinora video…
      </button>
      <p className={problem ? 'hint problem' : 'hint'} role="status">
        {said && `${file}: ${said}`}
      </p>
    </div>
  );
}
