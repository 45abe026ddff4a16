/** Checks what a caller asks for before anything runs. */
import { z } from 'zod';
import { KinoraError } from '../shared/errors';
import { schedulerNames } from './schedulers/descriptions';
import type { CheckpointInfo, GenerationParameters } from './types';

/** Throws KinoraError `invalid-argument` that names the parameter and what it takes. */
export function checkParameters(parameters: GenerationParameters, { vaeScaleFactor }: CheckpointInfo): void {
  const pixels = z.number().int().positive().max(4096).multipleOf(vaeScaleFactor);
  const schema = z.object({
    prompt: z.string(),
    negativePrompt: z.string(),
    seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    numInferenceSteps: z.number().int().min(1).max(1000),
    guidanceScale: z.number().min(0).max(100),
    numFrames: z.number().int().min(1).max(256),
    height: pixels,
    width: pixels,
    scheduler: z.enum(schedulerNames),
    eta: z.number().min(0).max(1).optional(),
  });
  const result = schema.safeParse(parameters);
  if (result.success) return;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new KinoraError('invalid-argument', `${problems.join('; ')}.`);
}
