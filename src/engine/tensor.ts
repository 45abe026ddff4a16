/** What the pipeline does with tensors besides running networks. */
import { KinoraError } from '../shared/errors';
import type { Dtype } from './types';

/** Transposes [a, b, …] to [b, a, …]: between torch's [channels, frames, …] and the networks' [frames, channels, …]. */
export function swapFirstAxes(values: Float32Array, a: number, b: number): Float32Array<ArrayBuffer> {
  const inner = values.length / (a * b);
  const result = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * inner;
      result.set(values.subarray(from, from + inner), (j * a + i) * inner);
    }
  }
  return result;
}

export function concat(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    result.set(part, filled);
    filled += part.length;
  }
  return result;
}

/** @throws KinoraError `numerics` at the first NaN or infinity in values computed in `dtype`; the message says what may help */
export function checkFinite(values: Float32Array, what: string, dtype: Dtype): void {
  if (values.every(Number.isFinite)) return;
  const remedy =
    dtype === 'float16'
      ? 'Half precision on this GPU has overflowed: choose float32 (it takes twice the memory), or the CPU where the model is small.'
      : 'It was computed in float32 already: try a lower guidance or another seed; if every video fails, try another device, or ' +
        'delete the model and load it again.';
  throw new KinoraError('numerics', `${what} holds NaN or infinity. ${remedy}`);
}

/**
 * On wasm a run blocks its thread and ends in a microtask: without a pause, a worker would never receive a cancel. Uses a
 * message, not a timer, because browsers delay nested timers by 4 ms.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
