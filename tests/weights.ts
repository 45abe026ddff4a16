/** Compares weights with the tensors they were made of. */
import { expect } from 'vitest';
import type { CheckpointSource, StoredTensor, Weights } from '../src/engine';
import { type SyntheticTensor, tensors } from './server/synthetic';

export const components = ['text_encoder', 'unet', 'vae'] as const;

export async function bytesOf(weights: Weights, tensorName: string): Promise<Uint8Array> {
  const { file = '', offset = 0, byteLength = 0 }: Partial<StoredTensor> = weights.tensors.get(tensorName) ?? {};
  const blob = weights.files.get(file)?.slice(offset, offset + byteLength);
  return new Uint8Array((await blob?.arrayBuffer()) ?? []);
}

/** Expects the tensors of every component of the small checkpoint. */
export async function expectWeights(source: CheckpointSource): Promise<void> {
  for (const component of components) {
    const weights = await source.weights(component);
    for (const [tensorName, { dtype, shape, data }] of Object.entries<SyntheticTensor>(tensors[component])) {
      expect((await source.tensors(component)).get(tensorName)).toMatchObject({ dtype, shape });
      expect(weights.tensors.get(tensorName)).toMatchObject({ dtype, shape });
      expect(await bytesOf(weights, tensorName)).toEqual(new Uint8Array(data));
    }
  }
}

/** Expects these tensors and no others. */
export async function expectTensors(weights: Weights, expected: Record<string, SyntheticTensor>): Promise<void> {
  expect([...weights.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [tensorName, { dtype, shape, data }] of Object.entries(expected)) {
    const stored = weights.tensors.get(tensorName);
    expect(stored).toMatchObject({ dtype, shape, byteLength: data.length });
    const { file = '', offset = 0, byteLength = 0 } = stored ?? {};
    const bytes = await weights.files
      .get(file)
      ?.slice(offset, offset + byteLength)
      .arrayBuffer();
    // Uint8Arrays of many MiB take expect() minutes to compare
    expect(indexedDB.cmp(bytes, data.buffer.slice(data.byteOffset, data.byteOffset + data.length))).toBe(0);
  }
}
