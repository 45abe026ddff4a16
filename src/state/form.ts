/** The fields of the form: what each may hold, and how they are read back from storage. */
// the page's schemas are zod/mini's: the other half of zod would be a fifth of what it starts with
import { z } from 'zod/mini';
import type { Model } from '../catalogue/models';
import { schedulerDescriptions, schedulerNames } from '../engine/schedulers/descriptions';

export const numberNames = ['seed', 'steps', 'guidance', 'eta', 'fps', 'numFrames', 'width', 'height'] as const;
export type NumberName = (typeof numberNames)[number];

/** What each number may be. `multipleOf` also is the step of its field. */
export const numberRules: Record<NumberName, { label: string; min: number; max: number; multipleOf: number }> = {
  seed: { label: 'Seed', min: 0, max: Number.MAX_SAFE_INTEGER, multipleOf: 1 },
  steps: { label: 'Steps', min: 1, max: 1000, multipleOf: 1 },
  guidance: { label: 'Guidance', min: 1, max: 30, multipleOf: 0.5 },
  eta: { label: 'Eta', min: 0, max: 1, multipleOf: 0.1 },
  fps: { label: 'Frames per second', min: 1, max: 60, multipleOf: 1 },
  numFrames: { label: 'Frames', min: 1, max: 64, multipleOf: 1 },
  // twice the scale factor of most decoders, which is what the shipped one has
  width: { label: 'Width', min: 64, max: 1024, multipleOf: 16 },
  height: { label: 'Height', min: 64, max: 1024, multipleOf: 16 },
};

/** Null is an empty field. */
const numberField = z.nullable(z.number());

function schemaFor(model: Model) {
  return z.object({
    prompt: z.catch(z.string(), model.examples[0]?.prompt ?? ''),
    negativePrompt: z.catch(z.string(), ''),
    seed: z.catch(numberField, 0),
    /** Draw another seed for every video. */
    newSeed: z.catch(z.boolean(), true),
    steps: z.catch(numberField, model.steps),
    guidance: z.catch(numberField, model.guidance),
    scheduler: z.catch(z.enum(schedulerNames), model.scheduler),
    /** Read by the schedulers that take it. */
    eta: z.catch(numberField, 0),
    fps: z.catch(numberField, model.fps),
    numFrames: z.catch(numberField, model.numFrames),
    width: z.catch(numberField, model.width),
    height: z.catch(numberField, model.height),
  });
}

export type Settings = z.infer<ReturnType<typeof schemaFor>>;

export function takesEta({ scheduler }: Pick<Settings, 'scheduler'>): boolean {
  return schedulerDescriptions.some(({ className, takesEta }) => takesEta && className === scheduler);
}

/** From storage, as far as it can be read; the model's own values for the rest. */
export function parseSettings(json: string | null, model: Model): Settings {
  let stored: unknown = {};
  try {
    stored = JSON.parse(json ?? '{}');
  } catch {
    // written by something else: the model's values it is
  }
  const object = z.catch(z.record(z.string(), z.unknown()), {}).parse(stored);
  return schemaFor(model).parse(object);
}
