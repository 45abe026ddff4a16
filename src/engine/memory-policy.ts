/** Whether the networks stay on the device between videos. */
import type { Weights } from './source';
import type { Device, Dtype, MemoryPolicy } from './types';

const GIB = 2 ** 30;

export interface MemoryFacts {
  device: Device;
  /** Of all networks together, in the type that they are computed in. */
  weightBytes: number;
  /** The machine's memory as the browser tells it, rounded and capped; undefined where it does not (Firefox, Safari). */
  memoryBytes: number | undefined;
}

/**
 * Keeps ready what fits comfortably. Browsers say nothing of a GPU's memory; the machine's own is the only hint, and weights
 * of a quarter of it leave room for activations, the page and everything else. On the CPU the networks share a heap of 4 GiB, in
 * which weights lie twice while they are packed.
 */
export function chooseMemoryPolicy({ device, weightBytes, memoryBytes = 4 * GIB }: MemoryFacts): MemoryPolicy {
  const budget = device === 'wasm' ? Math.min(GIB, memoryBytes / 4) : memoryBytes / 4;
  return weightBytes <= budget ? 'keep-ready' : 'low-memory';
}

/** Bytes of all weights on a device that computes in `dtype`. */
export function weightBytesOf(weights: Iterable<Weights>, dtype: Dtype): number {
  let elements = 0;
  for (const { tensors } of weights) {
    for (const { shape } of tensors.values()) elements += shape.reduce((product, n) => product * n, 1);
  }
  return elements * (dtype === 'float16' ? 2 : 4);
}
