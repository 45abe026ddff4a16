/** What a video was made of, as it stands in its file: enough to make it again. */
import { z } from 'zod/mini';
import type { ParameterValues } from '../engine/parameters';
import { completeParameters } from '../engine/parameters/values';
import { withoutQuery } from '../shared/address';
import { KinoraError } from '../shared/errors';

const head = z.looseObject({
  schema: z.literal('kinora-video-1'),
  /** Id of the checkpoint, an address without its query: a video is shown around, and the key of a signed address is not. */
  model: z.string(),
  /** The same of a decoder that took the place of the checkpoint's own. */
  decoder: z.optional(z.string()),
});

export interface VideoComment {
  model: string;
  decoder?: string | undefined;
  parameters: ParameterValues;
}

export function writeVideoComment({ model, decoder, parameters }: VideoComment): string {
  const places = { model: withoutQuery(model), ...(decoder !== undefined && { decoder: withoutQuery(decoder) }) };
  return JSON.stringify({ schema: 'kinora-video-1', ...places, ...parameters });
}

/**
 * A parameter that it does not name is younger than the video, and has its default.
 * @throws KinoraError `invalid-argument` where `comment` is none of Kinora's
 */
export function parseVideoComment(comment: string | undefined): VideoComment {
  try {
    const { model, decoder, ...given } = head.parse(JSON.parse(comment ?? ''));
    return { model, ...(decoder !== undefined && { decoder }), parameters: completeParameters(given) };
  } catch (cause) {
    throw new KinoraError('invalid-argument', 'This video was not made with Kinora, or lost what it was made of.', {
      cause,
    });
  }
}
