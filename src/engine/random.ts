/**
 * torch's CPU random generator, so that a seed means here what it means in PyTorch.
 * Source: ATen/core/MT19937RNGEngine.h, ATen/core/DistributionsHelper.h and ATen/native/cpu/DistributionTemplates.h.
 */
import { KinoraError } from '../shared/errors';

const stateSize = 624;
const shiftSize = 397;
const twoPi = Math.fround(2 * Math.PI);

/** `torch.Generator('cpu').manual_seed(seed)`; a seed's bits above the lowest 32 have no effect, as in torch. */
export class TorchGenerator {
  readonly #state = new Uint32Array(stateSize);
  #next = stateSize;
  /** The second value of the last pair that `#normal` made. */
  #spare: number | undefined;

  /** Throws KinoraError `invalid-argument` for a seed that is not an integer, or a number that has no exact one. */
  constructor(seed: number | bigint) {
    if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
      throw new KinoraError('invalid-argument', `seed is ${seed}; it must be an integer of at most 2^53 - 1.`);
    }
    let word = Number(BigInt.asUintN(32, BigInt(seed)));
    this.#state[0] = word;
    for (let i = 1; i < stateSize; i++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0;
      this.#state[i] = word;
    }
  }

  /** `torch.randn(size, generator=g)` in float32, for a shape of `size` elements. The next call draws on. */
  randn(size: number): Float32Array<ArrayBuffer> {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new KinoraError('invalid-argument', `randn was asked for ${size} values; it takes a count.`);
    }
    const values = new Float32Array(size);
    if (size < 16) {
      for (let i = 0; i < size; i++) values[i] = this.#normal();
      return values;
    }
    for (let i = 0; i < size; i++) values[i] = this.#uniformFloat();
    for (let i = 0; i + 16 <= size; i += 16) boxMuller(values.subarray(i, i + 16));
    if (size % 16 !== 0) {
      const tail = values.subarray(size - 16);
      for (let i = 0; i < 16; i++) tail[i] = this.#uniformFloat();
      boxMuller(tail);
    }
    return values;
  }

  /** One value in double precision; they are made in pairs. */
  #normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const angle = 2 * Math.PI * this.#uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniformDouble()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** [0, 1) in steps of 2^-24. */
  #uniformFloat(): number {
    return (this.#random() & 0xffffff) * 2 ** -24;
  }

  /** [0, 1) in steps of 2^-53, from the lowest 53 bits of two words, the higher one first. */
  #uniformDouble(): number {
    const high = this.#random() & 0x1fffff;
    return (high * 2 ** 32 + this.#random()) * 2 ** -53;
  }

  /** The Mersenne Twister's next 32 bits. */
  #random(): number {
    if (this.#next === stateSize) this.#twist();
    let word = this.#state[this.#next++] ?? 0;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    const word = (i: number) => state[i % stateSize] ?? 0;
    for (let i = 0; i < stateSize; i++) {
      const mixed = (word(i) & 0x80000000) | (word(i + 1) & 0x7fffffff);
      state[i] = word(i + shiftSize) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

/** `torch.randn` by a generator of its own: every call draws on. Throws KinoraError as TorchGenerator does. */
export function torchRandn(seed: number | bigint): (size: number) => Float32Array<ArrayBuffer> {
  const generator = new TorchGenerator(seed);
  return (size) => generator.randn(size);
}

/** 16 uniform values → 16 normal ones, in place: eight radii, then eight angles. torch computes in float32 here. */
function boxMuller(block: Float32Array): void {
  for (let i = 0; i < 8; i++) {
    const radius = Math.sqrt(-2 * Math.fround(Math.log(1 - (block[i] ?? 0))));
    const angle = Math.fround(twoPi * (block[i + 8] ?? 0));
    block[i] = radius * Math.cos(angle);
    block[i + 8] = radius * Math.sin(angle);
  }
}
