import { z } from 'zod';
import type { Component } from '../engine';
import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { shortened } from '../shared/quote';

const pipelineClass = 'TextToVideoSDPipeline';

const componentClasses: Record<Component | 'tokenizer', string> = {
  text_encoder: 'CLIPTextModel',
  tokenizer: 'CLIPTokenizer',
  unet: 'UNet3DConditionModel',
  vae: 'AutoencoderKL',
};

const indexSchema = z.looseObject({ _class_name: z.string() });
/** Library and class. */
const entrySchema = z.tuple([z.string(), z.string()]);

/**
 * Checks that a folder is a checkpoint of this pipeline.
 * @param text of model_index.json
 * @throws KinoraError `invalid-checkpoint` naming what it is instead
 */
export function checkModelIndex(text: string): void {
  const index = indexSchema.safeParse(parsePythonJson(text, 'model_index.json')).data;
  if (!index) {
    throw new KinoraError('invalid-checkpoint', 'model_index.json names no pipeline (_class_name is missing).');
  }
  if (index._class_name !== pipelineClass) {
    throw new KinoraError(
      'invalid-checkpoint',
      `This model is a ${shortened(index._class_name)}; only ${pipelineClass} can be loaded here.`,
    );
  }
  for (const [name, expected] of Object.entries(componentClasses)) {
    const actual = entrySchema.safeParse(index[name]).data?.[1];
    if (actual !== expected) {
      throw new KinoraError(
        'invalid-checkpoint',
        `model_index.json says that ${name} is ${shortened(actual ?? 'nothing')}, where ${expected} is needed.`,
      );
    }
  }
}
