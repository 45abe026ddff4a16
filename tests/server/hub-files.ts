/**
 * What the test hub serves: a checkpoint on disk, or text-to-video-ms-1.7b with weights that are computed on request.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { fillWeights } from '../../scripts/full-size/synthetic';

export interface HubFile {
  readonly size: number;
  /** The bytes `[begin, end)`, in pieces. */
  bytes(begin: number, end: number): Iterable<Buffer>;
}

/** Files by their path in the folder. */
export type HubFiles = ReadonlyMap<string, HubFile>;

/** Files that are served as they are. */
const smallFiles = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'text_encoder/config.json',
  'tokenizer/merges.txt',
  'tokenizer/special_tokens_map.json',
  'tokenizer/tokenizer_config.json',
  'tokenizer/vocab.json',
  'unet/config.json',
  'vae/config.json',
];

/** Format of tensors.json: the tensors of every weight file, name → [dtype, shape]. */
const tensorLists = z.record(
  z.string(),
  z.object({ tensors: z.record(z.string(), z.tuple([z.enum(['F16', 'I64']), z.array(z.int().nonnegative())])) }),
);

interface WeightFile {
  /** The beginning of a safetensors file: length, header and padding. */
  header: Buffer;
  tensors: { name: string; shape: readonly number[]; dtype: 'F16' | 'I64'; begin: number; end: number }[];
  size: number;
}

const pieceBytes = 4 * 1024 * 1024;

/** A checkpoint's folder as it is. */
export function folderFiles(folder: string): HubFiles {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  return new Map(paths.map((name) => [name, inMemory(readFileSync(path.join(folder, name)))]));
}

/**
 * text-to-video-ms-1.7b with synthetic weights.
 * @param folder with the checkpoint's small files and tensors.json
 * @throws Error when it is not there
 */
export function syntheticFiles(folder: string): HubFiles {
  const list = path.join(folder, 'tensors.json');
  if (!existsSync(list)) {
    throw new Error(`${list} is missing. Make it: python3 training/references/full_size.py`);
  }
  const files = new Map(smallFiles.map((name) => [name, inMemory(readFileSync(path.join(folder, name)))]));
  for (const [name, { tensors }] of Object.entries(tensorLists.parse(JSON.parse(readFileSync(list, 'utf8'))))) {
    const file = layOut(tensors);
    files.set(name, { size: file.size, bytes: (begin, end) => bytesOf(file, begin, end) });
  }
  return files;
}

function inMemory(body: Buffer): HubFile {
  return {
    size: body.length,
    *bytes(begin, end) {
      for (let at = begin; at < end; at += pieceBytes) yield body.subarray(at, Math.min(at + pieceBytes, end));
    },
  };
}

/** safetensors puts types of larger alignment first. */
function layOut(list: Record<string, ['F16' | 'I64', number[]]>): WeightFile {
  const entries = Object.entries(list);
  const ordered = [
    ...entries.filter(([, [dtype]]) => dtype === 'I64'),
    ...entries.filter(([, [dtype]]) => dtype === 'F16'),
  ];
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const tensors: WeightFile['tensors'] = [];
  let end = 0;
  for (const [name, [dtype, shape]] of ordered) {
    const begin = end;
    end += shape.reduce((product, size) => product * size, dtype === 'I64' ? 8 : 2);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    tensors.push({ name, shape, dtype, begin, end });
  }
  let json = JSON.stringify(header);
  json += ' '.repeat(-json.length & 7);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const start = length.length + json.length;
  for (const tensor of tensors) {
    tensor.begin += start;
    tensor.end += start;
  }
  return { header: Buffer.concat([length, Buffer.from(json)]), tensors, size: start + end };
}

/** The bytes `[begin, end)` of the file. */
function* bytesOf(file: WeightFile, begin: number, end: number): Generator<Buffer> {
  if (begin < file.header.length) yield file.header.subarray(begin, end);
  for (const tensor of file.tensors) {
    if (tensor.end <= begin) continue;
    if (tensor.begin >= end) return;
    const stop = Math.min(tensor.end, end);
    for (let at = Math.max(tensor.begin, begin); at < stop; at += pieceBytes) {
      yield bytesOfTensor(tensor, at - tensor.begin, Math.min(at + pieceBytes, stop) - tensor.begin);
    }
  }
}

/** The bytes `[begin, end)` of one tensor, which need not begin or end with a whole value. */
function bytesOfTensor({ name, shape, dtype }: WeightFile['tensors'][number], begin: number, end: number): Buffer {
  const width = dtype === 'I64' ? 8 : 2;
  const first = Math.floor(begin / width);
  const count = Math.ceil(end / width) - first;
  const values = dtype === 'I64' ? new BigInt64Array(count) : new Uint16Array(count);
  if (values instanceof Uint16Array) fillWeights(values, name, shape, first);
  else for (let i = 0; i < count; i++) values[i] = BigInt(first + i);
  return Buffer.from(values.buffer, begin - first * width, end - begin);
}
