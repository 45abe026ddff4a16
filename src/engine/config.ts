/** Reads config files: what their schemas share, and the error that names the key. */
import { z } from 'zod';
import { KinoraError } from '../shared/errors';
import { quote, shortened } from '../shared/quote';

// Bounds far beyond any model of these classes. Without them, half a kilobyte of config.json could ask for a graph of gigabytes.
export const positiveInt = z.number().int().positive();
/** Features of a layer, or a divisor of their number. */
export const channelCount = positiveInt.max(65_536);
/** Blocks of a UNet or VAE, each of which halves the size: after ten, less than a pixel of an image is left. */
export const maxBlocks = 16;
export const channelList = z.array(channelCount).min(1).max(maxBlocks);
/** Tokens; the largest vocabularies of other models have a quarter as many. */
export const maxVocabulary = 2 ** 20;
/** Consecutive layers; the largest of CLIP's text encoders has 32. */
export const layerCount = positiveInt.max(128);
/** layers_per_block times the number of blocks, 8 in text-to-video-ms-1.7b. Each layer is about two hundred graph nodes. */
const maxBlockLayers = 32;
export const hasTooManyLayers = (config: {
  layers_per_block: number;
  block_out_channels: readonly number[];
}): boolean => config.layers_per_block * config.block_out_channels.length > maxBlockLayers;
export const tooManyLayers = `makes more than ${maxBlockLayers} layers of all block_out_channels`;
/** Groups of a GroupNorm: 32 everywhere except in tests. */
export const groupCount = positiveInt.max(256);
/** Size in latents, or, for the VAE, in pixels. */
export const sampleSize = z.union([positiveInt.max(8192), z.tuple([positiveInt.max(8192), positiveInt.max(8192)])]);

/** diffusers writes "swish" and "silu" for the same function. */
export const activationName = z
  .enum(['silu', 'swish', 'mish', 'gelu', 'relu'])
  .transform((name) => (name === 'swish' ? ('silu' as const) : name));

/** Schema of a `_class_name` that, if given, must be this. */
export const only = (className: string) => z.literal(className).optional();

/** @throws KinoraError `unsupported-config` naming the wrong keys and what they should be */
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
    // z.min and z.max compare the `length` of any value, and overflow the stack for deeply nested lists
    throw new KinoraError('unsupported-config', `${file} is nested too deeply.`, { cause });
  }
}

function found(json: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = json;
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value === undefined || path.length === 0 ? '' : ` (it is ${quote(value, 80)})`;
}
