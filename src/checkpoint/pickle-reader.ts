import { KinoraError } from '../shared/errors';

/** Bytes of a module or class name in a GLOBAL. */
const maxNameBytes = 256;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the opcodes of a pickle and their arguments from its bytes, in order; every read throws where the bytes end. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  #at = 0;

  /** @param path of the file, for messages */
  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
  }

  /** Reads a little-endian unsigned integer. */
  uint(bytes: 1 | 2 | 4): number {
    const at = this.#skip(bytes);
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  /** Reads a little-endian integer in two's complement, as a bigint where a number is too small for it. */
  integer(bytes: number): number | bigint {
    let value = 0n;
    for (const byte of this.#take(bytes).toReversed()) value = value * 256n + BigInt(byte);
    const signed = BigInt.asIntN(bytes * 8, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  /** Reads a big-endian float64. */
  float(): number {
    return this.#view.getFloat64(this.#skip(8));
  }

  /** Reads UTF-8. */
  text(bytes: number): string {
    const encoded = this.#take(bytes);
    try {
      return utf8.decode(encoded);
    } catch {
      throw this.refuse('it holds text that is not UTF-8');
    }
  }

  /** Reads a module or class name, up to and including the end of its line. */
  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + maxNameBytes).indexOf(0x0a);
    if (end < 0) throw this.refuse('it holds a name that does not end');
    const text = this.text(end);
    this.#at++;
    return text;
  }

  /** @returns an error that says where in the pickle the problem is */
  refuse(problem: string): KinoraError {
    return new KinoraError(
      'invalid-checkpoint',
      `${this.#path} cannot be read as a list of tensors: ${problem} (byte ${this.#at} of its pickle).`,
    );
  }

  #take(bytes: number): Uint8Array {
    const begin = this.#skip(bytes);
    return this.#bytes.subarray(begin, begin + bytes);
  }

  /** @returns where the skipped bytes begin */
  #skip(bytes: number): number {
    const begin = this.#at;
    if (begin + bytes > this.#bytes.length) throw this.refuse('it ends in the middle');
    this.#at += bytes;
    return begin;
  }
}
