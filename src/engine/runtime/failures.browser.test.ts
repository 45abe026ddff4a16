/** What happens to a network when its device fails, with real devices and failures as real as possible. */
import { afterEach, describe, expect, test } from 'vitest';
import { errorOf } from '../../../tests/errors';
import { collectDevices } from '../../../tests/gpu-devices';
import { createDevice } from '../../platform/gpu-device';
import { GraphBuilder } from '../graph/builder';
import { DeviceWatch } from './device-watch';
import { failure } from './failures';
import { Network } from './network';
import { noteFailure, onnxRuntime } from './onnxruntime';

const devices = collectDevices();
const networks: Network[] = [];
afterEach(async () => {
  for (const network of networks.splice(0)) await network.release();
});

/** x → 2x, for eight numbers. */
async function doubling(): Promise<Network> {
  const g = new GraphBuilder('Doubling', { device: 'webgpu', dtype: 'float32' });
  const x = g.input('x', 'float32', [8]);
  g.output('y', g.add(x, x));
  const network = await Network.create(g.finish(), { tensors: new Map(), files: new Map() }, 'webgpu');
  networks.push(network);
  return network;
}

const inputs = { x: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const doubled = Float32Array.of(2, 4, 6, 8, 10, 12, 14, 16);

/** GPUBufferUsage, which is not in TypeScript's types. */
const usage = { copySource: 4, storage: 128 };

describe('a device', () => {
  const blows: [string, (device: GPUDevice) => void, string, RegExp][] = [
    ['is destroyed', (device) => device.destroy(), 'device-lost', /Doubling failed: the GPU was lost/],
    [
      'is lost, and refuses buffers as if there were no memory',
      // Chromium does the same between the death of the GPU process and the report of it; there the size may be 512 bytes
      (device) => {
        expect(() => device.createBuffer({ size: 2 ** 50, usage: usage.copySource, mappedAtCreation: true })).toThrow(
          RangeError,
        );
        setTimeout(() => device.destroy(), 20);
      },
      'device-lost',
      /Doubling failed: the GPU was lost/,
    ],
    [
      'has no memory to map a buffer into',
      // 2 ** 50 bytes: no browser even tries
      (device) => {
        expect(() => device.createBuffer({ size: 2 ** 50, usage: usage.copySource, mappedAtCreation: true })).toThrow(
          RangeError,
        );
      },
      'out-of-memory',
      /1125899906842624 bytes.*low-memory/,
    ],
    [
      'says that memory ran out',
      // the browser's event is imitated: filling a real GPU's memory would affect everything else on it
      (device) => {
        const error = new GPUOutOfMemoryError('not enough memory left');
        device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
      },
      'out-of-memory',
      /not enough memory left/,
    ],
    [
      'is asked for more than its limits',
      (device) => device.createBuffer({ size: device.limits.maxBufferSize * 2, usage: usage.storage }).destroy(),
      'device-limits',
      /limit/,
    ],
  ];

  test.each(blows)('that %s: the run says so, and another network works', async (_, strike, code, message) => {
    const network = await doubling();
    expect(await network.run(inputs)).toEqual(doubled);
    const device = devices.at(-1);
    if (!device) throw new Error('No device was requested.');
    const run = network.run(inputs);
    strike(device);
    const error = await errorOf(run);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(await (await doubling()).run(inputs)).toEqual(doubled);
  });
});

test.each([
  ['std::bad_alloc', 'out-of-memory'],
  ['Array buffer allocation failed', 'out-of-memory'],
  ['WebAssembly.Memory.grow(): Maximum memory size exceeded', 'out-of-memory'],
  ["Can't create a session. failed to allocate a buffer of size 5.", 'out-of-memory'],
  ['Aborted(OOM). Build with -sASSERTIONS for more info.', 'out-of-memory'],
  ['Aborted(). Build with -sASSERTIONS for more info.', 'out-of-memory'],
  ['vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY', 'out-of-memory'],
  ['safeint.h:17 static void SafeIntExceptionHandler<…>::SafeIntOnOverflow() Integer overflow', 'out-of-memory'],
  ['memory access out of bounds', 'internal'],
  ['Kernel not found', 'internal'],
])('"%s" is %s', async (message, code) => {
  expect((await failure('It failed', new Error(message), undefined)).code).toBe(code);
});

// last, because nothing runs in this realm afterwards
test('a runtime that has trapped is given up', async () => {
  // (module (func (export "f") unreachable))
  const trap = await WebAssembly.instantiate(
    Uint8Array.of(
      0,
      97,
      115,
      109,
      1,
      0,
      0,
      0,
      1,
      4,
      1,
      96,
      0,
      0,
      3,
      2,
      1,
      0,
      7,
      5,
      1,
      1,
      102,
      0,
      0,
      10,
      5,
      1,
      3,
      0,
      0,
      11,
    ),
  );
  const { f } = trap.instance.exports;
  try {
    if (typeof f === 'function') f();
  } catch (error) {
    noteFailure(error);
  }
  expect((await errorOf(onnxRuntime('webgpu'))).code).toBe('worker-died');

  // a lost GPU alone would cost only the networks
  const device = await createDevice();
  const watch = new DeviceWatch(device);
  device.destroy();
  const error = await failure('It failed', new Error('unreachable'), watch);
  expect([error.code, error.message]).toEqual(['worker-died', expect.stringContaining('the GPU was lost')]);
});
