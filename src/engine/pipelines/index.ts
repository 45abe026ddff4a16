/** The supported pipelines, and how a folder's pipeline is recognized. */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';
import { parsePythonJson } from '../../shared/python-json';
import { shortened } from '../../shared/quote';
import type { PipelineDefinition } from './definition';
import { textToVideoSD } from './text-to-video-sd';

const pipelines: readonly PipelineDefinition[] = [textToVideoSD];

const indexSchema = z.looseObject({ _class_name: z.string() });
/** Library and class. */
const entrySchema = z.tuple([z.string(), z.string()]);

/**
 * The pipeline of a folder, whose components are checked to be of its classes.
 * @param modelIndex text of model_index.json
 * @throws KinoraError `invalid-checkpoint` saying what it is instead
 */
export function pipelineOf(modelIndex: string): PipelineDefinition {
  const index = indexSchema.safeParse(parsePythonJson(modelIndex, 'model_index.json')).data;
  if (!index) {
    throw new KinoraError('invalid-checkpoint', 'model_index.json names no pipeline (_class_name is missing).');
  }
  const pipeline = pipelines.find(({ className }) => className === index._class_name);
  if (!pipeline) {
    const known = pipelines.map(({ className }) => className).join(' or ');
    throw new KinoraError(
      'invalid-checkpoint',
      `This model is a ${shortened(index._class_name)}; only ${known} can be loaded here.`,
    );
  }
  const networks = Object.entries(pipeline.networks).map(([name, { className }]) => [name, className] as const);
  for (const [name, expected] of [['tokenizer', pipeline.tokenizer] as const, ...networks]) {
    const actual = entrySchema.safeParse(index[name]).data?.[1];
    if (actual !== expected) {
      throw new KinoraError(
        'invalid-checkpoint',
        `model_index.json says that ${name} is ${shortened(actual ?? 'nothing')}, where ${expected} is needed.`,
      );
    }
  }
  return pipeline;
}
