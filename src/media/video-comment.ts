/** What a video was made of, as it stands in its file: enough to make it again. */
import { z } from 'zod/mini';
import type { GenerationParameters } from '../engine';
import { schedulerNames } from '../engine/schedulers/descriptions';
import { withoutQuery } from '../shared/address';
import { KinoraError } from '../shared/errors';

const schema = z.object({
  schema: z.literal('kinora-video-1'),
  /** Id of the checkpoint, an address without its query: a video is shown around, and the key of a signed address is not. */
  model: z.string(),
  prompt: z.string(),
  negativePrompt: z.string(),
  seed: z.int().check(z.nonnegative()),
  numInferenceSteps: z.int().check(z.positive()),
  guidanceScale: z.number(),
  numFrames: z.int().check(z.positive()),
  width: z.int().check(z.positive()),
  height: z.int().check(z.positive()),
  fps: z.number().check(z.positive()),
  scheduler: z.enum(schedulerNames),
  eta: z.optional(z.number()),
});

export type VideoComment = Omit<z.infer<typeof schema>, 'schema'>;

export function writeVideoComment(request: GenerationParameters & { fps: number }, model: string): string {
  return JSON.stringify(schema.parse({ schema: 'kinora-video-1', ...request, model: withoutQuery(model) }));
}

/** Throws KinoraError `invalid-argument` where `comment` is none of Kinora's. */
export function parseVideoComment(comment: string | undefined): VideoComment {
  try {
    const { schema: _, ...parameters } = schema.parse(JSON.parse(comment ?? ''));
    return parameters;
  } catch (cause) {
    throw new KinoraError('invalid-argument', 'This video was not made with Kinora, or lost what it was made of.', {
      cause,
    });
  }
}
