import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { StepPreview } from '../../protocol';
import { preview } from '../../state/preview';
import { useReducedMotion } from '../use-reduced-motion';

/** The model's current estimate of the video, looping. With reduced motion, its middle frame, updated after every step. */
export function PreviewCanvas({ fps }: { fps: number }) {
  const latest = useSyncExternalStore(preview.subscribe, preview.get);
  const canvas = useRef<HTMLCanvasElement>(null);
  const reducedMotion = useReducedMotion();
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!latest || !context) return;
    if (reducedMotion) return drawFrame(context, latest, Math.floor(latest.frames / 2));
    let request = 0;
    let drawn = -1;
    const tick = (now: number) => {
      // timed by the page's clock, so that the next step's preview continues at the same frame
      const frame = Math.floor((now * fps) / 1000) % latest.frames;
      if (frame !== drawn) drawFrame(context, latest, frame);
      drawn = frame;
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [latest, fps, reducedMotion]);
  if (!latest) return null;
  return (
    <canvas
      ref={canvas}
      className="preview"
      role="img"
      aria-label={`Preview after step ${latest.step} of ${latest.total}`}
      data-step={latest.step}
      width={latest.width}
      height={latest.height}
    />
  );
}

function drawFrame(context: CanvasRenderingContext2D, { pixels, width, height }: StepPreview, frame: number): void {
  const size = width * height * 4;
  context.putImageData(new ImageData(pixels.slice(frame * size, (frame + 1) * size), width, height), 0, 0);
}
