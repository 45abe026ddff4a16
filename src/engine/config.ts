/** Reading config files: what their schemas share, and the error that names the key. */
import { z } from 'zod';
import { KinoraError } from '../shared/errors';
import { quote, shortened } from '../shared/quote';

// Bounds far beyond what any model of these classes has. Without them half a kilobyte of config.json asks for gigabytes of graph.
export const positiveInt = z.number().int().positive();
/** Features of a layer, or something that divides them. */
export const channelCount = positiveInt.max(65_536);
/** Blocks of a UNet or VAE, each of which halves the size: of ten, an image has less than a pixel left. */
export const maxBlocks = 16;
export const channelList = z.array(channelCount).min(1).max(maxBlocks);
/** Tokens; the largest vocabularies of other models have a quarter of it. */
export const maxVocabulary = 2 ** 20;
/** One after the other; the largest of CLIP's text encoders has 32. */
export const layerCount = positiveInt.max(128);
/** layers_per_block times blocks, 8 of them in text-to-video-ms-1.7b. Each is some two hundred nodes of the graph. */
const maxBlockLayers = 32;
export const hasTooManyLayers = (config: {
  layers_per_block: number;
  block_out_channels: readonly number[];
}): boolean => config.layers_per_block * config.block_out_channels.length > maxBlockLayers;
export const tooManyLayers = `makes more than ${maxBlockLayers} layers of all block_out_channels`;
/** Of group normalisation: 32 everywhere but in tests. */
export const groupCount = positiveInt.max(256);
/** Latents, or pixels of the VAE. */
export const sampleSize = z.union([positiveInt.max(8192), z.tuple([positiveInt.max(8192), positiveInt.max(8192)])]);

/** diffusers writes "swish" and "silu" for the same function. */
export const activationName = z
  .enum(['silu', 'swish', 'mish', 'gelu', 'relu'])
  .transform((name) => (name === 'swish' ? ('silu' as const) : name));

/** `_class_name`, where it is given, must be this. */
export const only = (className: string) => z.literal(className).optional();

/** Throws KinoraError `unsupported-config` with the keys that are wrong and what they should be. */
export function parseConfig<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const result = safeParse(schema, json, file);
  if (result.success) return result.data;
  const { issues } = result.error;
  const problems = issues.slice(0, 5).map(({ path, message }) => {
    const key = shortened(path.join('.'), 80) || 'the file';
    return `${key}: ${shortened(message)}${found(json, path)}`;
  });
  if (issues.length > problems.length) problems.push(`and ${issues.length - problems.length} more`);
  const all = shortened(problems.join('; '), 800);
  throw new KinoraError('unsupported-config', `${file} asks for something that Kinora does not support. ${all}.`);
}

function safeParse<T>(schema: z.ZodType<T>, json: unknown, file: string) {
  try {
    return schema.safeParse(json);
  } catch (cause) {
    // z.min and z.max compare the `length` of whatever is there: where that is lists in lists, they fill the stack
    throw new KinoraError('unsupported-config', `${file} is nested too deeply.`, { cause });
  }
}

function found(json: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = json;
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value === undefined || path.length === 0 ? '' : ` (it is ${quote(value, 80)})`;
}
