/** An HTTP server on 127.0.0.1 that has text-to-video-ms-1.7b as the hub has it, with synthetic weights. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { fillWeights } from './synthetic';

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

/** Of tensors.json: for every weight file its tensors, name → [dtype, shape]. */
const tensorLists = z.record(
  z.string(),
  z.object({ tensors: z.record(z.string(), z.tuple([z.enum(['F16', 'I64']), z.array(z.int().nonnegative())])) }),
);

interface WeightFile {
  /** Length, header and padding, as a safetensors file begins. */
  header: Buffer;
  tensors: { name: string; shape: readonly number[]; dtype: 'F16' | 'I64'; begin: number; end: number }[];
  size: number;
}

const chunkBytes = 4 * 1024 * 1024;

export interface Hub {
  /** Address of the diffusers folder. */
  readonly url: string;
  /** Bytes of the three weight files together. */
  readonly weightBytes: number;
  stop(): void;
}

/**
 * @param folder with the checkpoint's small files and tensors.json
 * @throws Error when the folder is not there or the port is taken
 */
export async function startHub(folder: string, port: number): Promise<Hub> {
  const list = path.join(folder, 'tensors.json');
  if (!existsSync(list)) {
    throw new Error(`${list} is missing. Name the folder that holds the reference data with --reference DIR.`);
  }
  const weightFiles = new Map<string, WeightFile>();
  for (const [name, { tensors }] of Object.entries(tensorLists.parse(JSON.parse(readFileSync(list, 'utf8'))))) {
    weightFiles.set(name, layOut(tensors));
  }
  const server = createServer((request, response) => {
    answer(request, response, folder, weightFiles).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${port}/text-to-video-ms-1.7b/`,
    weightBytes: [...weightFiles.values()].reduce((bytes, { size }) => bytes + size, 0),
    stop: () => {
      server.closeAllConnections();
      server.close();
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  weightFiles: ReadonlyMap<string, WeightFile>,
): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Headers', 'Range');
  response.setHeader('Access-Control-Expose-Headers', 'Content-Length, Content-Range, ETag');
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  const [, name = ''] = /^\/text-to-video-ms-1\.7b\/([^?]*)/.exec(request.url ?? '') ?? [];
  const file = weightFiles.get(name);
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
  } else if (file) {
    await sendWeights(file, request, response);
  } else if (smallFiles.includes(name)) {
    const body = readFileSync(path.join(folder, name));
    response.setHeader('Content-Type', name.endsWith('.json') ? 'application/json' : 'text/plain');
    response.writeHead(200, { 'Content-Length': body.length }).end(request.method === 'HEAD' ? undefined : body);
  } else {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Entry not found');
  }
}

async function sendWeights(file: WeightFile, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const begin = Number(first ?? 0);
  const end = last ? Math.min(Number(last) + 1, file.size) : file.size;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', `"synthetic-${file.size}"`);
  if (begin >= end) {
    response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
    return;
  }
  if (first !== undefined) response.setHeader('Content-Range', `bytes ${begin}-${end - 1}/${file.size}`);
  response.writeHead(first === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - begin,
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(bytesOf(file, begin, end)), response);
}

/** The bytes `[begin, end)` of the file. */
function* bytesOf(file: WeightFile, begin: number, end: number): Generator<Buffer> {
  if (begin < file.header.length) yield file.header.subarray(begin, end);
  for (const tensor of file.tensors) {
    if (tensor.end <= begin) continue;
    if (tensor.begin >= end) return;
    const stop = Math.min(tensor.end, end);
    for (let at = Math.max(tensor.begin, begin); at < stop; at += chunkBytes) {
      yield bytesOfTensor(tensor, at - tensor.begin, Math.min(at + chunkBytes, stop) - tensor.begin);
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
