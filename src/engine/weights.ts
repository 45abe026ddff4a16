/** From a network's parameters and a checkpoint's tensors to initializers: which bytes of which file each one reads. */
import { elementType, isFloatDtype } from '../shared/dtypes';
import { KinoraError } from '../shared/errors';
import { float32ToFloat16, toFloat32 } from '../shared/float16';
import { quote, shortened } from '../shared/quote';
import { type NetworkGraph, type ParameterUse, size } from './graph/builder';
import type { ExternalTensor } from './graph/onnx';
import type { StoredTensor, TensorSpec, Weights } from './source';

/** Old name ← today's name, tried where today's is not in the file. */
export type Aliases = readonly (readonly [RegExp, string])[];

export interface ExternalFile {
  readonly path: string;
  readonly data: Blob;
}

export interface PlacedWeights {
  readonly initializers: readonly ExternalTensor[];
  readonly files: readonly ExternalFile[];
}

/** Converted tensors are collected into files of about this many bytes. */
const CONVERTED_FILE_BYTES = 32 * 2 ** 20;
/** Tensors that a checkpoint may hold besides the parameters: buffers that older versions saved. */
const harmless = /(^|\.)position_ids$/;

function find<T>(tensors: ReadonlyMap<string, T>, name: string, aliases: Aliases): T | undefined {
  return tensors.get(name) ?? tensors.get(otherName(name, aliases));
}

/** What a tensor was called before, or is called elsewhere. */
export function otherName(name: string, aliases: Aliases): string {
  return aliases.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
}

/** Tensors that the network reads and a checkpoint need not have: zeros in their place, in one file. */
export function withZeros(
  weights: Weights,
  parameters: ReadonlyMap<string, readonly number[]>,
  aliases: Aliases = [],
): Weights {
  const missing = [...parameters].filter(([name]) => !find(weights.tensors, name, aliases));
  if (missing.length === 0) return weights;
  const { safetensors: dtype, bytes } = elementType('float16');
  const tensors = new Map(weights.tensors);
  let most = 0;
  for (const [name, shape] of missing) {
    const byteLength = size(shape) * bytes;
    tensors.set(name, { dtype, shape, file: 'zeros', offset: 0, byteLength });
    most = Math.max(most, byteLength);
  }
  return { tensors, files: new Map([...weights.files, ['zeros', new Blob([new Uint8Array(most)])]]) };
}

/** One table of several, none of whose tensors and files are called the same. */
export function together(all: readonly Weights[]): Weights {
  return {
    tensors: new Map(all.flatMap(({ tensors }) => [...tensors])),
    files: new Map(all.flatMap(({ files }) => [...files])),
  };
}

/**
 * Checks a checkpoint's tensors against those that the network reads.
 * @throws KinoraError `invalid-checkpoint`, naming up to five of each kind
 */
export function checkTensors(
  file: string,
  parameters: ReadonlyMap<string, readonly number[]>,
  tensors: ReadonlyMap<string, TensorSpec>,
  aliases: Aliases = [],
): void {
  const missing: string[] = [];
  const misshapen: string[] = [];
  const wrongType: string[] = [];
  const used = new Set<TensorSpec>();
  for (const [name, shape] of parameters) {
    const tensor = find(tensors, name, aliases);
    if (!tensor) {
      missing.push(name);
      continue;
    }
    used.add(tensor);
    if (tensor.shape.join() !== shape.join()) misshapen.push(`${name} is ${quote(tensor.shape, 60)}, not [${shape}]`);
    if (!isFloatDtype(tensor.dtype)) wrongType.push(`${name} is ${tensor.dtype}`);
  }
  const extra = [...tensors]
    .filter(([name, tensor]) => !used.has(tensor) && !harmless.test(name))
    .map(([name]) => name);
  const problems = [
    list('missing', missing),
    list('not of this network', extra),
    list('of the wrong shape', misshapen),
    list('not of a floating-point type', wrongType),
  ].filter((text) => text !== '');
  if (problems.length > 0) {
    throw new KinoraError(
      'invalid-checkpoint',
      `The tensors of ${file} do not fit its config.json. ${shortened(problems.join(' '), 900)}`,
    );
  }
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  const first = names.slice(0, 5).map((name) => shortened(name, 150));
  return `${names.length} ${what}: ${first.join(', ')}${more}.`;
}

/** Byte range of a use within its file. */
function range(use: ParameterUse, tensor: StoredTensor): { offset: number; length: number } {
  const { bytes } = elementType(tensor.dtype);
  return { offset: tensor.offset + use.firstElement * bytes, length: use.elements * bytes };
}

/**
 * Initializers that point into the checkpoint's own files where the type fits, and into converted copies where it does not.
 * Reads only what has to be converted, one file at a time.
 */
export async function placeWeights(
  graph: NetworkGraph,
  weights: Weights,
  aliases: Aliases = [],
): Promise<PlacedWeights> {
  const initializers: ExternalTensor[] = [];
  const usedFiles = new Set<string>();
  const toConvert = new Map<string, { use: ParameterUse; tensor: StoredTensor }[]>();
  for (const use of graph.uses) {
    const tensor = find(weights.tensors, use.tensor, aliases);
    if (!tensor) throw new KinoraError('invalid-checkpoint', `The checkpoint has no tensor ${use.tensor}.`);
    if (elementType(use.type).safetensors === tensor.dtype) {
      const { name, type, shape } = use;
      usedFiles.add(tensor.file);
      initializers.push({ name, type, shape, location: tensor.file, ...range(use, tensor) });
    } else {
      const queue = toConvert.get(tensor.file);
      if (queue) queue.push({ use, tensor });
      else toConvert.set(tensor.file, [{ use, tensor }]);
    }
  }

  const files: ExternalFile[] = [];
  let parts: ArrayBuffer[] = [];
  let pending: ExternalTensor[] = [];
  let filled = 0;
  const flush = () => {
    if (pending.length === 0) return;
    const path = `converted-${files.length}`;
    files.push({ path, data: new Blob(parts) });
    for (const tensor of pending) initializers.push({ ...tensor, location: path });
    parts = [];
    pending = [];
    filled = 0;
  };
  for (const [file, queue] of toConvert) {
    const read = await reader(fileOf(weights, file), queue);
    for (const { use, tensor } of queue) {
      if (!isFloatDtype(tensor.dtype)) {
        throw new KinoraError('invalid-checkpoint', `Tensors of type ${tensor.dtype} cannot be weights.`);
      }
      const floats = toFloat32(await read(use, tensor), tensor.dtype);
      const { name, type, shape } = use;
      const { buffer } = type === 'float16' ? float32ToFloat16(floats) : floats;
      pending.push({ name, type, shape, location: '', offset: filled, length: buffer.byteLength });
      parts.push(buffer);
      filled += buffer.byteLength;
      if (filled >= CONVERTED_FILE_BYTES) flush();
    }
  }
  flush();
  for (const file of usedFiles) files.push({ path: file, data: fileOf(weights, file) });
  return { initializers, files };
}

function fileOf(weights: Weights, file: string): Blob {
  const blob = weights.files.get(file);
  if (!blob) throw new KinoraError('invalid-checkpoint', `The checkpoint's file ${file} is not at hand.`);
  return blob;
}

/** Reads a file once where most of it is wanted, else tensor by tensor. */
async function reader(
  blob: Blob,
  queue: readonly { use: ParameterUse; tensor: StoredTensor }[],
): Promise<(use: ParameterUse, tensor: StoredTensor) => Promise<ArrayBuffer>> {
  const wanted = queue.reduce((sum, { use, tensor }) => sum + range(use, tensor).length, 0);
  if (wanted * 2 >= blob.size) {
    const all = await blob.arrayBuffer();
    return async (use, tensor) => {
      const { offset, length } = range(use, tensor);
      return all.slice(offset, offset + length);
    };
  }
  return (use, tensor) => {
    const { offset, length } = range(use, tensor);
    return blob.slice(offset, offset + length).arrayBuffer();
  };
}
