/** Conversion from and to IEEE 754 half precision, for weights stored in a type other than the device computes in. */
import type { FloatDtype } from './dtypes';

/** Converts elements to float32; values too large for it become infinite. */
export function toFloat32(bytes: ArrayBuffer, dtype: FloatDtype): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'F16':
      return float16ToFloat32(new Uint16Array(bytes));
    case 'BF16':
      return new Float32Array(Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16).buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes));
  }
}

const scratch = new ArrayBuffer(4);
const scratchFloat = new Float32Array(scratch);
const scratchBits = new Uint32Array(scratch);

/** The float32 value of every half, indexed by its bits. */
let table: Float32Array | undefined;

function halves(): Float32Array {
  if (table) return table;
  table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    let value: number;
    if (exponent === 0) value = fraction * 2 ** -24;
    else if (exponent === 31) value = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
    else value = (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = sign * value;
  }
  return table;
}

function float16ToFloat32(source: Uint16Array): Float32Array<ArrayBuffer> {
  const lookup = halves();
  const result = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) result[i] = lookup[source[i] ?? 0] ?? 0;
  return result;
}

/** Rounds to nearest, ties to even; values that are too large become infinite. */
export function float32ToFloat16(source: Float32Array): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) {
    scratchFloat[0] = source[i] ?? 0;
    const bits = scratchBits[0] ?? 0;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    else if (magnitude >= 0x47800000) half = 0x7c00;
    else if (magnitude >= 0x38800000) {
      // normal: rebias the exponent, then round the 13 bits that fall off; a carry runs into the exponent as it should
      const rebiased = magnitude - 0x38000000;
      half = (rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13;
    } else {
      // subnormal: a multiple of 2^-24; Math.round ties upwards, so an exact half is made even
      scratchBits[0] = magnitude;
      const units = (scratchFloat[0] ?? 0) * 2 ** 24;
      half = Math.round(units);
      if (half - units === 0.5 && half % 2 === 1) half--;
    }
    result[i] = sign | half;
  }
  return result;
}
