/** Cases that the tiny networks compared with PyTorch are too small for. */
import { expect, test } from 'vitest';
import { relativeRms } from '../../../tests/reference';
import { Network } from '../runtime/network';
import type { StoredTensor, Weights } from '../source';
import type { Device } from '../types';
import { GraphBuilder } from './builder';
import { feedForward } from './layers';
import { networkMemory } from './memory';

const channels = 16;

function feedForwardGraph(rows: number, device: Device) {
  const g = new GraphBuilder('feed-forward', { device, dtype: 'float32' });
  g.output('out', feedForward(g.at('ff'), g.input('x', 'float32', [1, rows, channels])));
  return g.finish();
}

function wave(length: number, step: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => Math.sin(i * step));
}

function weightsOf(parameters: ReadonlyMap<string, readonly number[]>): Weights {
  const tensors = new Map<string, StoredTensor>();
  const chunks: Float32Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [name, shape] of parameters) {
    const values = wave(
      shape.reduce((n, m) => n * m, 1),
      0.7 + offset,
    );
    tensors.set(name, { dtype: 'F32', shape, file: 'weights', offset, byteLength: values.byteLength });
    chunks.push(values);
    offset += values.byteLength;
  }
  return { tensors, files: new Map([['weights', new Blob(chunks)]]) };
}

test.each<Device>(['wasm', 'webgpu'])(
  '%s: a feed-forward in parts gives every row what it has by itself',
  async (device) => {
    const [many, few] = [2 ** 17 + 2, 5];
    const large = feedForwardGraph(many, device);
    const small = feedForwardGraph(few, device);
    const x = wave(many * channels, 0.37);
    const run = async (graph: typeof large, rows: Float32Array) => {
      const network = await Network.create(graph, weightsOf(graph.parameters), device);
      const out = await network.run({ x: rows });
      await network.release();
      return out;
    };
    const out = await run(large, x);
    // around the first seam, and at the end
    for (const first of [2 ** 15 - 1, many - few]) {
      const [begin, end] = [first * channels, (first + few) * channels];
      expect(relativeRms(out.subarray(begin, end), await run(small, x.slice(begin, end)))).toBeLessThan(1e-5);
    }
    expect(networkMemory(large).largest).toBeLessThan(1.1 * x.byteLength);
  },
);
