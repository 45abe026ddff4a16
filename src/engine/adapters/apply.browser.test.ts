import { expect, test, vi } from 'vitest';
import { relativeRms } from '../../../tests/reference';
import { GraphBuilder } from '../graph/builder';
import { linear } from '../graph/layers';
import { networkMemory } from '../graph/memory';
import { GpuMeter } from '../runtime/gpu-meter';
import { Network } from '../runtime/network';
import type { StoredTensor } from '../source';
import { addDeltas } from './apply';

// A software GPU on a busy machine is slow.
vi.setConfig({ testTimeout: 300_000 });

const layers = 12;
const channels = 512;
const rank = 4;

/** A chain of layers, each with a sum of weights that is as large as its own weight. */
function chain() {
  const g = new GraphBuilder('chain', { device: 'webgpu', dtype: 'float32' });
  let x = g.input('x', 'float32', [1, channels]);
  for (let i = 0; i < layers; i++) x = g.add(x, linear(g.at('layers', i), x, channels, { bias: false }));
  g.output('out', x);
  return g.finish();
}

test('WebGPU: sums of weights are computed when they are needed, and few are in memory at a time', async () => {
  const tensors = new Map<string, StoredTensor>();
  const numbers: number[] = [];
  const put = (name: string, shape: [number, number]) => {
    const count = shape[0] * shape[1];
    tensors.set(name, { dtype: 'F32', shape, file: 'weights', offset: numbers.length * 4, byteLength: count * 4 });
    for (let i = 0; i < count; i++) numbers.push(Math.sin(numbers.length) / 30);
    return name;
  };
  const deltas = new Map(
    Array.from({ length: layers }, (_, i) => {
      const [up, down] = [put(`${i}.up`, [channels, rank]), put(`${i}.down`, [rank, channels])];
      return [put(`layers.${i}.weight`, [channels, channels]), [{ up, down, rank, scale: 2 }]] as const;
    }),
  );
  const floats = Float32Array.from(numbers);
  const weights = { tensors, files: new Map([['weights', new Blob([floats])]]) };
  const graph = addDeltas(chain(), deltas);
  const meter = new GpuMeter();
  const network = await Network.create(graph, weights, 'webgpu', { meter });
  const x = new Float32Array(channels).fill(1);
  const out = await network.run({ x });
  await network.release();

  const numberOf = (name: string, index: number) => floats[(tensors.get(name)?.offset ?? 0) / 4 + index] ?? 0;
  let expected = x;
  for (let i = 0; i < layers; i++) {
    const inner = Array.from({ length: rank }, (_, r) =>
      expected.reduce((sum, value, c) => sum + value * numberOf(`${i}.down`, r * channels + c), 0),
    );
    const product = (row: number) =>
      expected.reduce((sum, value, c) => sum + value * numberOf(`layers.${i}.weight`, row * channels + c), 0) +
      2 * inner.reduce((sum, value, r) => sum + value * numberOf(`${i}.up`, row * rank + r), 0);
    expected = expected.map((value, row) => value + product(row));
  }
  expect(relativeRms(out, expected)).toBeLessThan(1e-5);
  const counted = networkMemory(graph);
  const share = (counted.weights + counted.activations) / meter.use.gpuBytesAtPeak;
  console.info(`counted ${share.toFixed(2)} × ${meter.use.gpuBytesAtPeak} bytes`);
  expect(share).toBeLessThanOrEqual(1);
  expect(share).toBeGreaterThan(0.9);
});
