import type { CheckpointSource, Component, Weights } from '../src/engine';
import { float32ToFloat16, toFloat32 } from '../src/shared/float16';

/** The same checkpoint, except for the values of one tensor, which must be F16. */
export function altered(
  source: CheckpointSource,
  component: Component,
  tensor: string,
  change: (value: number) => number,
): CheckpointSource {
  return {
    id: `${source.id} altered`,
    text: (path, signal) => source.text(path, signal),
    optionalText: (path, signal) => source.optionalText(path, signal),
    tensors: (of, signal) => source.tensors(of, signal),
    async weights(of, options) {
      const weights = await source.weights(of, options);
      if (of !== component) return weights;
      const { file = '', offset = 0, byteLength = 0, dtype } = weights.tensors.get(tensor) ?? {};
      const blob = weights.files.get(file);
      if (!blob || dtype !== 'F16') throw new Error(`${component} has no F16 tensor ${tensor}.`);
      const halves = await blob.slice(offset, offset + byteLength).arrayBuffer();
      const changed = float32ToFloat16(toFloat32(halves, 'F16').map(change));
      const spoilt = new Blob([blob.slice(0, offset), changed, blob.slice(offset + byteLength)]);
      return { ...weights, files: new Map([...weights.files, [file, spoilt]]) };
    },
  };
}

/** The same checkpoint, except for one of its small files. */
export function withText(source: CheckpointSource, file: string, text: string): CheckpointSource {
  return {
    id: `${source.id} with another ${file}`,
    text: (path, signal) => (path === file ? Promise.resolve(text) : source.text(path, signal)),
    optionalText: (path, signal) => source.optionalText(path, signal),
    tensors: (of, signal) => source.tensors(of, signal),
    weights: (of, options) => source.weights(of, options),
  };
}

/** The same checkpoint with another network in one of its places. */
export function withNetwork(
  source: CheckpointSource,
  component: Component,
  network: { config: string; weights: Weights },
): CheckpointSource {
  const other = withText(source, `${component}/config.json`, network.config);
  return {
    ...other,
    id: `${source.id} with another ${component}`,
    tensors: async (of, signal) => (of === component ? network.weights.tensors : source.tensors(of, signal)),
    weights: async (of, options) => (of === component ? network.weights : source.weights(of, options)),
  };
}
