/** The settings a video was made with, as stored in its file: enough to make it again. */
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
  /** LoRA adapters: their ids, as the checkpoint's. Of a video that was made without any there is no such field. */
  adapters: z.optional(z.array(z.object({ id: z.string(), scale: z.number() }))),
});

export interface VideoComment {
  model: string;
  decoder?: string | undefined;
  adapters?: readonly { id: string; scale: number }[];
  parameters: ParameterValues;
}

export function writeVideoComment({ model, decoder, adapters = [], parameters }: VideoComment): string {
  const used = adapters.map(({ id, scale }) => ({ id: withoutQuery(id), scale }));
  const places = {
    model: withoutQuery(model),
    ...(decoder !== undefined && { decoder: withoutQuery(decoder) }),
    ...(used.length > 0 && { adapters: used }),
  };
  return JSON.stringify({ schema: 'kinora-video-1', ...places, ...parameters });
}

/**
 * A parameter that it lacks is newer than the video, and gets its default.
 * @throws KinoraError `invalid-argument` if `comment` was not written by Kinora
 */
export function parseVideoComment(comment: string | undefined): VideoComment {
  try {
    const { model, decoder, adapters, ...given } = head.parse(JSON.parse(comment ?? ''));
    const places = { model, ...(decoder !== undefined && { decoder }), ...(adapters && { adapters }) };
    return { ...places, parameters: completeParameters(given) };
  } catch (cause) {
    throw new KinoraError('invalid-argument', 'This video was not made with Kinora, or lost what it was made of.', {
      cause,
    });
  }
}
