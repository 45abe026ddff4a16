import { type CSSProperties, useEffect, useRef } from 'react';
import { useJob } from '../../state/job';
import { resultUrl, useResults } from '../../state/results';
import { useSettings } from '../../state/settings';
import { LogoIcon } from '../icons';
import { useReducedMotion } from '../use-reduced-motion';
import { PreviewCanvas } from './preview-canvas';
import './stage.css';

/** Where the video appears: an empty frame, the preview of the running job, or the chosen result. */
export function Stage() {
  const job = useJob((state) => state.job);
  const result = useResults(({ results, selectedId }) => results.find(({ id }) => id === selectedId));
  const width = useSettings((state) => state.width);
  const height = useSettings((state) => state.height);
  const reducedMotion = useReducedMotion();
  const request = job.phase === 'running' ? job.request : result?.request;
  const ratio = (request?.width ?? width ?? 1) / (request?.height ?? height ?? 1);
  // a size that is still being typed must not distort the stage
  const style: CSSProperties = { aspectRatio: Math.min(2.5, Math.max(0.4, ratio)) };
  const running = job.phase === 'running';
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // on a small screen the stage is below the form
    if (running) frame.current?.scrollIntoView({ block: 'nearest', behavior: reducedMotion ? 'instant' : 'smooth' });
  }, [running, reducedMotion]);
  if (running) {
    return (
      <div className="stage" style={style} ref={frame}>
        <div className="stage-empty">
          <LogoIcon />
          <p>The preview starts after the first step.</p>
        </div>
        <PreviewCanvas fps={job.request.fps} />
      </div>
    );
  }
  if (!result) {
    return (
      <div className="stage" style={style}>
        <div className="stage-empty">
          <LogoIcon />
          <p>Your video will appear here.</p>
        </div>
      </div>
    );
  }
  return (
    <div className="stage" style={style}>
      <video
        key={result.id}
        className="stage-video"
        src={resultUrl(result.id)}
        aria-label={`Video: ${result.request.prompt}`}
        controls
        loop
        muted
        playsInline
        autoPlay={!reducedMotion}
      />
    </div>
  );
}
