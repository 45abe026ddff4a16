/** How much a video computes, which the page knows from what was counted for its size. */
import type { ParameterValues } from '.';

/** What a network computes in a video. */
export interface NetworkWork {
  /** Floating-point operations of one run, for one prompt or frame. */
  readonly flops: number;
  /** How often that is: for each prompt, for each prompt in each step, for each frame. */
  readonly per: 'prompt' | 'step' | 'frame';
}

/** Floating-point operations of a video. */
export function videoFlops(
  networks: readonly NetworkWork[],
  { numInferenceSteps: steps, guidanceScale, guidanceStart, guidanceStop, numFrames }: WorkParameters,
): number {
  const interval = Math.floor(guidanceStop * steps) - Math.floor(guidanceStart * steps);
  const guided = guidanceScale > 1 ? Math.max(0, interval) : 0;
  const runs = { prompt: guided > 0 ? 2 : 1, step: steps + guided, frame: numFrames };
  return networks.reduce((sum, { flops, per }) => sum + flops * runs[per], 0);
}

/** What the work depends on, beside the size. */
export type WorkParameters = Pick<
  ParameterValues,
  'numInferenceSteps' | 'guidanceScale' | 'guidanceStart' | 'guidanceStop' | 'numFrames'
>;
