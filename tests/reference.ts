/** Reads the committed reference data for tests (safetensors), and measures how far two tensors are apart. */
import type { StoredTensor, Weights } from '../src/engine';

type Header = Record<string, { dtype: StoredTensor['dtype']; shape: number[]; data_offsets: [number, number] }>;

/** A whole safetensors file as weights, and the values of its F32 and I64 tensors. */
export class Safetensors {
  readonly weights: Weights;
  readonly #bytes: ArrayBuffer;
  readonly #start: number;

  private constructor(bytes: ArrayBuffer) {
    this.#bytes = bytes;
    const headerLength = Number(new DataView(bytes).getBigUint64(0, true));
    this.#start = 8 + headerLength;
    const header: Header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, headerLength)));
    const tensors = new Map<string, StoredTensor>();
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
      if (name === '__metadata__') continue;
      const [first, end] = data_offsets;
      tensors.set(name, { dtype, shape, file: 'weights', offset: this.#start + first, byteLength: end - first });
    }
    this.weights = { tensors, files: new Map([['weights', new Blob([bytes])]]) };
  }

  static async fetch(url: string): Promise<Safetensors> {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return new Safetensors(await response.arrayBuffer());
  }

  static from(bytes: ArrayBuffer): Safetensors {
    return new Safetensors(bytes);
  }

  shape(name: string): readonly number[] {
    return this.#tensor(name).shape;
  }

  floats(name: string): Float32Array {
    const { offset, byteLength } = this.#tensor(name);
    return new Float32Array(this.#bytes.slice(offset, offset + byteLength));
  }

  bytes(name: string): Uint8Array {
    const { offset, byteLength } = this.#tensor(name);
    return new Uint8Array(this.#bytes.slice(offset, offset + byteLength));
  }

  ints(name: string): Int32Array {
    const { offset, byteLength } = this.#tensor(name);
    return Int32Array.from(new BigInt64Array(this.#bytes.slice(offset, offset + byteLength)), Number);
  }

  #tensor(name: string): StoredTensor {
    const tensor = this.weights.tensors.get(name);
    if (!tensor) throw new Error(`No tensor ${name}.`);
    return tensor;
  }
}

/** Peak signal-to-noise ratio of two pictures of bytes, in dB. */
export function psnr(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}.`);
  let squares = 0;
  for (let i = 0; i < expected.length; i++) squares += ((actual[i] ?? 0) - (expected[i] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / Math.max(squares / expected.length, 1e-12));
}

/** Root of the mean squared difference over that of the expected values. NaN counts as infinitely far. */
export function relativeRms(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}.`);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = expected[i] ?? 0;
    difference += ((actual[i] ?? 0) - e) ** 2;
    scale += e ** 2;
  }
  const result = Math.sqrt(difference / scale);
  return Number.isNaN(result) ? Number.POSITIVE_INFINITY : result;
}
