/** Reading config files: what their schemas share, and the error that names the key. */
import { z } from 'zod';
import { KinoraError } from '../errors';

export const positiveInt = z.number().int().positive();
export const channelList = z.array(positiveInt).min(1);

/** diffusers writes "swish" and "silu" for the same function. */
export const activationName = z
  .enum(['silu', 'swish', 'mish', 'gelu', 'relu'])
  .transform((name) => (name === 'swish' ? ('silu' as const) : name));

/** `_class_name`, where it is given, must be this. */
export const only = (className: string) => z.literal(className).optional();

/** Throws KinoraError `unsupported-config` with every key that is wrong and what it should be. */
export function parseConfig<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const key = issue.path.join('.') || 'the file';
    return `${key}: ${issue.message}${found(json, issue.path)}`;
  });
  throw new KinoraError('unsupported-config', `${file} asks for what Kinora does not support. ${problems.join('; ')}.`);
}

function found(json: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = json;
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value === undefined || path.length === 0 ? '' : ` (it is ${JSON.stringify(value)})`;
}
