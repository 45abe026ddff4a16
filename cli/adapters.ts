/** `--lora` and `--lora-scale`: which adapters a job has, and where they are for the browser. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { hubOrigin } from '../src/shared/access-token';
import { folderAddress, type Site } from './site';

export const adapterUsage = `  --lora WHERE        a LoRA adapter: a folder, a file (.safetensors, .bin, .pt), an address, or a name on the Hugging Face
                      hub (owner/name, owner/name/folder); may be given several times
  --lora-scale X      how much of the --lora before it is added (1)`;

export const adapterOptions = {
  lora: { type: 'string', multiple: true },
  'lora-scale': { type: 'string', multiple: true },
} as const;

const place = z.string().refine((text) => text !== '', 'must not be empty');
const scale = z.number().refine(Number.isFinite, 'must be a number');
const adapter = z.union([
  place.transform((where) => ({ where, scale: 1 })),
  z.strictObject({ where: place, scale: scale.default(1) }),
]);

/** In a line of a batch: WHERE, or `{ where, scale }`, or a list of them. */
export const adaptersSchema = z
  .union([adapter.transform((one) => [one]), z.array(adapter)], 'must be WHERE, { where, scale }, or a list of them')
  .optional();

export type JobAdapter = z.infer<typeof adapter>;

/** What parseArgs has found, in the order of the command line. */
interface Token {
  readonly kind: string;
  readonly name?: string;
  readonly value?: string | undefined;
}

/**
 * The adapters of a command line, each with the scale that follows it.
 * @throws Error for a scale that follows none, or is no number
 */
export function adaptersOf(tokens: readonly Token[]): JobAdapter[] | undefined {
  const found: JobAdapter[] = [];
  for (const { name, value = '' } of tokens.filter(({ kind }) => kind === 'option')) {
    if (name === 'lora') found.push({ where: value, scale: 1 });
    if (name !== 'lora-scale') continue;
    const last = found.at(-1);
    if (!last) throw new Error('--lora-scale belongs behind the --lora that it is for.');
    if (!/^-?\d+(\.\d+)?$/.test(value)) throw new Error(`--lora-scale: ${JSON.stringify(value)} is no number.`);
    last.scale = Number(value);
  }
  return found.length > 0 ? found : undefined;
}

const isFile = (name: string) => /\.(safetensors|bin|pt|pth)$/.test(name);

/**
 * The absolute URL of an adapter; of what lies on this machine where the site serves it.
 * @throws Error where it can be nothing of what --lora takes
 */
export function adapterAddress(where: string, site: Site): string {
  if (/^https?:\/\//.test(where))
    return where.replace(/^(https:\/\/huggingface\.co\/[^/]+\/[^/]+)\/(blob|tree)\//, '$1/resolve/');
  const found = path.resolve(where);
  const facts = statSync(found, { throwIfNoEntry: false });
  if (facts) {
    const folder = facts.isDirectory() ? found : path.dirname(found);
    site.addFolder(folder);
    return facts.isDirectory() ? `${folderAddress(folder)}/` : folderAddress(found);
  }
  const [, name, rest = ''] = /^((?!\.+\/)[\w.-]+\/[\w.-]+)((?:\/[\w.-]+)*)\/?$/.exec(where) ?? [];
  if (name !== undefined) return `${hubOrigin}/${name}/resolve/main${rest}${isFile(rest) ? '' : '/'}`;
  throw new Error(`There is no LoRA adapter ${where}: it is neither a folder nor a file nor an address.`);
}
