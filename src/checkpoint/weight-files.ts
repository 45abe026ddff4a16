import { z } from 'zod';
import type { ComponentFiles } from '../engine';
import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { quote } from '../shared/quote';
import type { ByteSource } from './byte-source';
import type { Origin, OriginFile } from './origin';
import { readPyTorchFile } from './pytorch-file';
import { checkFileSize, type FileTensor, headerLength, lengthBytes, parseHeader } from './safetensors';

export interface FoundFile<File = OriginFile> {
  /** Path in the folder. */
  readonly path: string;
  readonly file: File;
}

/** diffusers splits at 10 GB, transformers at 5 or 50. */
const maxFiles = 256;

/** huggingface_hub's index of the files that weights were split into, as far as needed. */
const listSchema = z.looseObject({
  // not z.record, which drops keys named `__proto__`
  weight_map: z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
});

/**
 * Finds the weights of a component, best first: half precision is half the bytes, safetensors can do no harm, and one file is
 * simpler than several.
 * @param component for messages
 * @returns one file, or those that the weights were split into
 * @throws KinoraError what `origin.withoutWeights` makes of it where there are none; `invalid-checkpoint` for a list of files
 *   that makes no sense or names files that are not there; what opening and reading a file can throw
 */
export async function findWeights<File extends OriginFile>(
  origin: Origin<File>,
  component: string,
  { folder, weights: { safetensors, pytorch } }: Pick<ComponentFiles, 'folder' | 'weights'>,
  signal?: AbortSignal,
): Promise<readonly FoundFile<File>[]> {
  const path = (name: string) => folder + name;
  const names = [
    `${safetensors}.fp16.safetensors`,
    `${safetensors}.safetensors`,
    `${pytorch}.fp16.bin`,
    `${pytorch}.bin`,
  ];
  for (const single of names.map(path)) {
    const file = await origin.open(single, signal);
    if (file) return [{ path: single, file }];
  }
  for (const whole of [`${safetensors}.safetensors`, `${pytorch}.bin`].map(path)) {
    for (const list of [`${whole}.index.fp16.json`, `${whole}.index.json`]) {
      const text = await origin.optionalText(list, signal);
      if (text === undefined) continue;
      const found: FoundFile<File>[] = [];
      for (const name of filesOf(text, list)) {
        const file = await origin.open(path(name), signal);
        if (!file) throw new KinoraError('invalid-checkpoint', `${list} names ${path(name)}, which is not there.`);
        found.push({ path: path(name), file });
      }
      return found;
    }
  }
  throw origin.withoutWeights(component, `There is neither ${names.map(path).join(' nor ')}.`);
}

/** The files that a list names, in their order. */
function filesOf(text: string, list: string): string[] {
  const refuse = (problem: string) => new KinoraError('invalid-checkpoint', `${list} ${problem}.`);
  const parsed = listSchema.safeParse(parsePythonJson(text, list)).data;
  if (!parsed) throw refuse('is not a list of weight files (weight_map is missing)');
  const files = new Set<unknown>(Object.values(parsed.weight_map));
  const ending = /\.safetensors\.index/.test(list) ? '.safetensors' : '.bin';
  const names = [...files].map((name) => {
    if (typeof name === 'string' && /^[\w.-]{1,200}$/.test(name) && name.endsWith(ending)) return name;
    throw refuse(`names ${quote(name, 60)}, which is not a ${ending} file of its folder`);
  });
  if (names.length === 0 || names.length > maxFiles) throw refuse(`names ${names.length} files`);
  return names.sort();
}

/**
 * Which tensors a weight file holds and where their bytes lie. Reads only what describes them, and checks that it makes
 * sense and that the file is whole.
 * @param source its size may be unknown, for safetensors only
 * @returns tensors in the order of their bytes
 * @throws KinoraError `invalid-checkpoint`, `truncated`, `html-answer`, `range-unsupported`; what the source throws
 */
export async function readTensorTable(
  source: Pick<ByteSource, 'read'> & { readonly size: number | undefined },
  path: string,
): Promise<FileTensor[]> {
  const { size } = source;
  if (/\.(bin|pt|pth)$/.test(path)) {
    if (size !== undefined) return readPyTorchFile({ size, read: (begin, end) => source.read(begin, end) }, path);
    throw new KinoraError(
      'range-unsupported',
      `The server does not let this page see how long ${path} is (Content-Range is not among its exposed headers), and ` +
        'a PyTorch file is read from its end.',
    );
  }
  const ends = (before: string) =>
    new KinoraError('truncated', `${path} ends at byte ${size}, before ${before}: the file is damaged.`);
  if (size !== undefined && size < lengthBytes) throw ends('its header');
  const begin = lengthBytes + headerLength(await source.read(0, lengthBytes), path);
  if (size !== undefined && size < begin) throw ends('the end of its header');
  const tensors = parseHeader(await source.read(lengthBytes, begin), path);
  if (size !== undefined) checkFileSize(tensors, size, path);
  return tensors;
}
