import type { TensorDtype } from '../../src/shared/dtypes';
import type { Fault, Space } from './space';

export interface SyntheticTensor {
  dtype: TensorDtype;
  shape: number[];
  /** Bytes, row-major. */
  data: Uint8Array<ArrayBuffer>;
}

type Header = Record<string, { dtype: string; shape: unknown; data_offsets: number[] }>;

/** A safetensors file: length of the header, header, data. `header` may be corrupted by the caller. */
export function safetensors(
  tensors: Record<string, SyntheticTensor>,
  spoil: (header: Header) => void = () => undefined,
): Uint8Array<ArrayBuffer> {
  const header = headerOf(tensors);
  spoil(header);
  return withHeader(
    JSON.stringify({ __metadata__: { format: 'pt' }, ...header }),
    ...Object.values(tensors).map((tensor) => tensor.data),
  );
}

function headerOf(tensors: Record<string, SyntheticTensor>): Header {
  const header: Header = {};
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  return header;
}

/** A safetensors file with any text as its header. */
export function withHeader(json: string, ...data: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return concat([length, text, ...data]);
}

function concat(parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Bytes that depend on their position and a seed. */
export function pattern(bytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = seed + 1;
  for (let i = 0; i < words.length; i++) {
    state = Math.imul(state, 1664525) + 1013904223;
    words[i] = state ^ (state >>> 13);
  }
  return new Uint8Array(words.buffer, 0, bytes);
}

/** An F16 tensor of `bytes` bytes. */
export function tensor(bytes: number, seed: number): SyntheticTensor {
  return { dtype: 'F16', shape: [bytes / 2], data: pattern(bytes, seed) };
}

export const modelIndex = {
  _class_name: 'TextToVideoSDPipeline',
  _diffusers_version: 'any',
  scheduler: ['diffusers', 'DDIMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet3DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

/** Small files of a folder; their content does not matter to the loader. */
const texts: Record<string, string> = {
  'model_index.json': JSON.stringify(modelIndex),
  'unet/config.json': '{"sample_size": 8}',
  'tokenizer/merges.txt': '#version: 0.2\ni n\nt h\n<!doct ype</w>\n',
};

export const weightFiles = {
  text_encoder: 'text_encoder/model.fp16.safetensors',
  unet: 'unet/diffusion_pytorch_model.fp16.safetensors',
  vae: 'vae/diffusion_pytorch_model.fp16.safetensors',
};

/**
 * Puts a safetensors file of tensors a, b, c, … whose data the server generates: a request with a large body
 * would crash the browser's driver.
 * @param sizes bytes of each
 */
export async function putLarge(
  space: Space,
  path: string,
  sizes: readonly number[],
  seed: number,
  fault: Fault = {},
): Promise<Record<string, SyntheticTensor>> {
  const fill = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const data = pattern(fill, seed);
  const tensors: Record<string, SyntheticTensor> = {};
  let offset = 0;
  for (const [index, bytes] of sizes.entries()) {
    const name = String.fromCharCode(97 + index);
    tensors[name] = { dtype: 'F16', shape: [bytes / 2], data: data.subarray(offset, offset + bytes) };
    offset += bytes;
  }
  await space.put(path, withHeader(JSON.stringify(headerOf(tensors))), { ...fault, fill, seed });
  return tensors;
}

/** The tensors of every component of `putCheckpoint`. */
export const tensors = {
  text_encoder: { 'text_model.embedding': tensor(600, 1) },
  unet: { 'conv_in.weight': tensor(1000, 2), 'conv_in.bias': tensor(24, 3) },
  vae: { 'decoder.conv_in.weight': tensor(500, 4) },
};

/** Puts a whole small checkpoint into a space, or into a folder of it. */
export async function putCheckpoint(space: Space, folder = ''): Promise<void> {
  for (const [path, text] of Object.entries(texts)) await space.put(folder + path, text);
  for (const component of ['text_encoder', 'unet', 'vae'] as const) {
    await space.put(folder + weightFiles[component], safetensors(tensors[component]));
  }
}
