/**
 * Memory computed from a graph, against the heap of the wasm provider. For WebGPU, see networks.browser.test.ts.
 */
import { expect, test } from 'vitest';
import { Network } from '../runtime/network';
import { GraphBuilder } from './builder';
import { attention } from './layers';
import { networkMemory } from './memory';

const memories: WebAssembly.Memory[] = [];
WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
    const memory = new target(descriptor);
    memories.push(memory);
    return memory;
  },
});
const heapBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

test('attention on the CPU grows the heap by what is counted', async () => {
  const [frames, pixels, channels, heads] = [4, 2048, 48, 3];
  const g = new GraphBuilder('attention', { device: 'wasm', dtype: 'float32' });
  const x = g.input('x', 'float32', [frames, pixels, channels]);
  g.output('out', attention(g, x, x, x, heads));
  const graph = g.finish();
  const network = await Network.create(graph, { tensors: new Map(), files: new Map() }, 'wasm');
  const before = heapBytes();
  await network.run({ x: new Float32Array(frames * pixels * channels) });
  await network.release();
  const { activations, scratch } = networkMemory(graph);
  const grown = heapBytes() - before;
  expect(grown).toBeGreaterThan(0.9 * (activations + scratch));
  // a heap grows in steps of a fifth
  expect(grown).toBeLessThan(1.25 * (activations + scratch));
});
