/** The checkpoints that the page offers, and what each does best. */
import type { SchedulerName } from './protocol';

export interface Model {
  id: string;
  name: string;
  /** One sentence: what it can show. */
  about: string;
  /** Of the diffusers folder; relative to the page, or absolute. */
  url: string;
  numFrames: number;
  /** Pixels. */
  width: number;
  height: number;
  /** Frames per second. */
  fps: number;
  steps: number;
  guidance: number;
  scheduler: SchedulerName;
  examples: readonly string[];
}

export const shippedModel: Model = {
  id: 'moving-shapes',
  name: 'Moving shapes',
  about:
    'A small model that ships with the page. It knows eight colours, four shapes, eight motions and four backgrounds.',
  url: 'models/moving-shapes',
  numFrames: 8,
  width: 128,
  height: 128,
  fps: 8,
  steps: 20,
  guidance: 4,
  scheduler: 'DDIMScheduler',
  examples: [
    'a red circle moving right on a blue background',
    'a yellow star spinning on a black background',
    'a green triangle bouncing on a white background',
    'a pink square growing on a gray background',
  ],
};

/** A diffusers folder elsewhere, with the settings that suit text-to-video-ms-1.7b and what is derived from it. */
export function modelAt(url: string): Model {
  return {
    id: url,
    name: url,
    about: 'A model from another address. What it can show is up to its authors.',
    url,
    numFrames: 16,
    width: 256,
    height: 256,
    fps: 8,
    steps: 25,
    guidance: 9,
    scheduler: 'DPMSolverMultistepScheduler',
    examples: ['a panda eating bamboo on a rock', 'waves breaking on a beach at sunset'],
  };
}
