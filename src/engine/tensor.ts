/** The two things that the pipeline does to arrays of numbers besides running networks. */
import { KinoraError } from '../errors';

/** [a, b, …] to [b, a, …]: between torch's [channels, frames, …] and the networks' [frames, channels, …]. */
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

/** Throws KinoraError `numerics` at the first NaN or infinity. */
export function checkFinite(values: Float32Array, what: string): void {
  if (!values.every(Number.isFinite)) {
    throw new KinoraError(
      'numerics',
      `${what} holds NaN or infinity. Half precision may have overflowed: try float32.`,
    );
  }
}
