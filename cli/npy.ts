/**
 * A float32 array as NumPy saves it. Source: numpy.lib.format, version 1.0.
 * @param values little-endian float32, row-major
 */
export function npy(values: Uint8Array, shape: readonly number[]): Buffer {
  const numbers = `${shape.join(', ')}${shape.length === 1 ? ',' : ''}`;
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${numbers}), }`;
  // magic, version and length take 10 bytes; the data begins at a multiple of 64
  const length = Math.ceil((10 + description.length + 1) / 64) * 64 - 10;
  const header = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${description.padEnd(length - 1)}\n`, 'latin1');
  header.writeUInt16LE(length, 8);
  return Buffer.concat([header, values]);
}
