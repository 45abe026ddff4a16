import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseHeader } from '../checkpoint/safetensors';
import { type FloatDtype, isFloatDtype } from './dtypes';
import { float32ToFloat16, toFloat32 } from './float16';

// numbers and their .half() in PyTorch
const file = readFileSync(new URL('../../reference/checkpoint-files/rounding.safetensors', import.meta.url));
const headerEnd = 8 + Number(file.readBigUInt64LE());
const tensors = new Map(parseHeader(file.subarray(8, headerEnd), 'rounding').map((tensor) => [tensor.name, tensor]));

function bytesOf(name: string): { bytes: ArrayBuffer; dtype: FloatDtype } {
  const { begin, end, dtype } = tensors.get(name) ?? {};
  const { buffer } = new Uint8Array(file.subarray(begin, end));
  if (!dtype || !isFloatDtype(dtype)) throw new Error(`${name} is ${dtype}`);
  return { bytes: buffer, dtype };
}

describe('float32ToFloat16', () => {
  it.each(['float32', 'float64', 'bfloat16', 'extreme'])('rounds as PyTorch does: %s', (name) => {
    const { bytes, dtype } = bytesOf(name);
    const halves = [...float32ToFloat16(toFloat32(bytes, dtype))];
    const expected = [...new Uint16Array(bytesOf(`${name}.half`).bytes)];
    expect(halves.length).toBeGreaterThan(4);
    // of NaN there are many
    const nan = (half: number) => (half & 0x7fff) > 0x7c00;
    expect(halves.filter((half, i) => half !== expected[i] && !(nan(half) && nan(expected[i] ?? 0)))).toEqual([]);
  });

  it('gives back every half', () => {
    const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => (bits & 0x7fff) <= 0x7c00);
    const again = float32ToFloat16(toFloat32(halves.buffer, 'F16'));
    expect(halves.filter((half, i) => half !== again[i])).toHaveLength(0);
  });
});
