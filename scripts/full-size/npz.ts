/** Reads numpy's .npz: a zip of .npy files, stored or deflated. */
import { inflateRawSync } from 'node:zlib';

export interface NpyArray {
  shape: number[];
  values: number[];
}

/** All arrays of an .npz file by name. Throws Error for anything but little-endian float32, float64 and int64 in C order. */
export function readNpz(file: Buffer): Record<string, NpyArray> {
  const arrays: Record<string, NpyArray> = {};
  // the end record without a comment is the last 22 bytes; it says how many entries the directory has and where it begins
  const end = file.length - 22;
  if (file.readUInt32LE(end) !== 0x06054b50) throw new Error('Not a zip file.');
  let at = file.readUInt32LE(end + 16);
  for (let entry = 0; entry < file.readUInt16LE(end + 10); entry++) {
    const method = file.readUInt16LE(at + 10);
    const packed = file.readUInt32LE(at + 20);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => file.readUInt16LE(at + field));
    const local = file.readUInt32LE(at + 42);
    const name = file.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    const data = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const body = file.subarray(data, data + packed);
    arrays[name.replace(/\.npy$/, '')] = readNpy(method === 8 ? inflateRawSync(body) : body);
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return arrays;
}

function readNpy(file: Buffer): NpyArray {
  const header = file.toString('latin1', 10, 10 + file.readUInt16LE(8));
  const [, descr] = /'descr': '([^']+)'/.exec(header) ?? [];
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  if (!header.includes("'fortran_order': False")) throw new Error(`Not in C order: ${header}`);
  const start = 10 + file.readUInt16LE(8);
  const read = {
    '<f4': (i: number) => file.readFloatLE(start + 4 * i),
    '<f8': (i: number) => file.readDoubleLE(start + 8 * i),
    '<i8': (i: number) => Number(file.readBigInt64LE(start + 8 * i)),
  }[descr ?? ''];
  if (!read) throw new Error(`Arrays of type ${descr} are not read.`);
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, values: Array.from({ length }, (_, i) => read(i)) };
}
