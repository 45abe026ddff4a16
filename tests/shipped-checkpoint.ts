import { readFileSync } from 'node:fs';
import { readTensorTable } from '../src/checkpoint/weight-files';
import type { CheckpointSource, Component, TensorSpec } from '../src/engine';

const folder = new URL('../public/models/moving-shapes/', import.meta.url);
const weightFiles = new Map<Component, string>(
  Object.entries({
    text_encoder: 'text_encoder/model.fp16.safetensors',
    unet: 'unet/diffusion_pytorch_model.fp16.safetensors',
    vae: 'vae/diffusion_pytorch_model.fp16.safetensors',
  }),
);

/** A small file of the checkpoint that ships with the page. */
export function shippedText(path: string): string {
  return readFileSync(new URL(path, folder), 'utf8');
}

/** What the weight file of a component describes. */
export async function shippedTensors(component: Component): Promise<ReadonlyMap<string, TensorSpec>> {
  const path = weightFiles.get(component) ?? '';
  const bytes = new Uint8Array(readFileSync(new URL(path, folder)));
  const tensors = await readTensorTable({ size: bytes.length, read: async (a, b) => bytes.subarray(a, b) }, path);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/** The checkpoint that ships with the page, from disk, without its weights; `texts` replace its small files. */
export function shippedCheckpoint(texts: Readonly<Record<string, string>> = {}): CheckpointSource {
  const text = async (path: string) => texts[path] ?? shippedText(path);
  return {
    id: 'moving-shapes',
    text,
    optionalText: text,
    tensors: shippedTensors,
    weights: () => Promise.reject(new Error('The weights are not at hand.')),
  };
}
