/**
 * What is given up to save memory: networks that stay on the device between videos, and a UNet that processes two prompts at
 * once.
 */
import { elementType } from '../shared/dtypes';
import type { Weights } from './source';
import type { Device, Dtype, MemoryPolicy } from './types';

const GIB = 2 ** 30;

export interface MemoryFacts {
  device: Device;
  /** Bytes of all networks' weights together, in the type that they are computed in. */
  weightBytes: number;
  /** The machine's memory in bytes as the browser reports it, rounded and capped; undefined if it does not (Firefox, Safari). */
  memoryBytes: number | undefined;
}

/**
 * Keeps networks ready if they fit comfortably. Browsers do not report a GPU's memory; the machine's is the only hint, and
 * weights of up to a quarter of it leave room for activations, the page and everything else. On the CPU the networks share a heap
 * of 4 GiB, which holds weights twice while they are packed.
 */
export function chooseMemoryPolicy({ device, weightBytes, memoryBytes = 4 * GIB }: MemoryFacts): MemoryPolicy {
  const budget = device === 'wasm' ? Math.min(GIB, memoryBytes / 4) : memoryBytes / 4;
  return weightBytes <= budget ? 'keep-ready' : 'low-memory';
}

/** Latent pixels of all frames: 16 frames of 256×256 with most decoders. */
const PAIRED_LATENTS = 2 ** 14;

/**
 * How many prompts the UNet processes in one run of a guided video. For a small video on the CPU, two: much of the time is spent
 * between operators, and everything before the first cross-attention is the same for both. One is enough to keep a GPU busy, in
 * half the memory.
 */
export function promptsAtOnce(device: Device, latents: { frames: number; height: number; width: number }): 1 | 2 {
  return device === 'wasm' && latents.frames * latents.height * latents.width <= PAIRED_LATENTS ? 2 : 1;
}

/** Bytes of all weights on a device that computes in `dtype`. */
export function weightBytesOf(weights: Iterable<Weights>, dtype: Dtype): number {
  let elements = 0;
  for (const { tensors } of weights) {
    for (const { shape } of tensors.values()) elements += shape.reduce((product, n) => product * n, 1);
  }
  return elements * elementType(dtype).bytes;
}
