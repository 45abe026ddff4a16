/** Decides where the networks run. */

import { wasmThreads } from '../platform/device-facts';
import { adapterFacts } from '../platform/gpu-device';
import { KinoraError } from '../shared/errors';
import type { Backend, Device, Dtype } from './types';

/**
 * 'auto' chooses WebGPU if there is a real GPU, and float16 if it is supported; a software adapter is slower than the wasm
 * provider.
 * @throws KinoraError `no-webgpu` or `device-limits` if the device lacks what was requested
 */
export async function chooseBackend(device: Device | 'auto', dtype: Dtype | 'auto'): Promise<Backend> {
  const adapter = device === 'wasm' ? undefined : await adapterFacts();
  if (device === 'webgpu' && !adapter) {
    throw new KinoraError(
      'no-webgpu',
      'This browser offers no WebGPU adapter. Choose the CPU (wasm) instead, or another browser.',
    );
  }
  if (!adapter || (device === 'auto' && adapter.software)) {
    if (dtype === 'float16') {
      throw new KinoraError('device-limits', 'float16 needs WebGPU; the CPU (wasm) computes in float32 only.');
    }
    return { device: 'wasm', dtype: 'float32', adapter: '', software: false, threads: wasmThreads() };
  }
  if (dtype === 'float16' && !adapter.float16) {
    throw new KinoraError('device-limits', `The GPU (${adapter.name}) has no shader-f16. Choose float32 instead.`);
  }
  const chosen = dtype === 'auto' ? (adapter.float16 ? 'float16' : 'float32') : dtype;
  return { device: 'webgpu', dtype: chosen, adapter: adapter.name, software: adapter.software, threads: 1 };
}
