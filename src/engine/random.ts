/**
 * torch's CPU generator, so that a seed means the same noise as in PyTorch.
 * Source: ATen/core/MT19937RNGEngine.h, ATen/native/cpu/DistributionTemplates.h (normal_fill), ATen/core/DistributionsHelper.h.
 */
import { KinoraError } from '../errors';

const STATE = 624;
const SHIFT = 397;
/** From this many values on torch fills the whole tensor with uniforms first and turns them into normals in blocks. */
const BLOCK = 16;

/** torch.Generator('cpu').manual_seed(seed). */
export class TorchGenerator {
  readonly #state = new Uint32Array(STATE);
  #next = STATE;
  /** The second value of the last pair that was drawn one by one. */
  #cached: number | undefined;

  /** `seed`: an integer from 0 to 2^53 − 1; as in torch, only its low 32 bits count. Throws KinoraError `invalid-argument`. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new KinoraError('invalid-argument', `The seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${seed}.`);
    }
    this.#state[0] = seed % 2 ** 32;
    for (let i = 1; i < STATE; i++) {
      const previous = this.#state[i - 1] ?? 0;
      this.#state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** torch.randn(size, generator=this), float32. */
  randn(size: number): Float32Array<ArrayBuffer> {
    return size < BLOCK ? this.#oneByOne(size) : this.#inBlocks(size);
  }

  #random32(): number {
    if (this.#next === STATE) this.#twist();
    let y = this.#state[this.#next++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE; i++) {
      const y = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % STATE] ?? 0) & 0x7fffffff);
      state[i] = (state[(i + SHIFT) % STATE] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }

  /** 24 bits, in [0, 1). */
  #uniformFloat(): number {
    return (this.#random32() & 0xffffff) * 2 ** -24;
  }

  /** 53 bits of two draws, the first one the high half. */
  #uniformDouble(): number {
    const high = this.#random32();
    const low = this.#random32();
    return ((high & 0x1fffff) * 2 ** 32 + low) * 2 ** -53;
  }

  #oneByOne(size: number): Float32Array<ArrayBuffer> {
    const result = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      if (this.#cached !== undefined) {
        result[i] = this.#cached;
        this.#cached = undefined;
        continue;
      }
      const u1 = this.#uniformDouble();
      const u2 = this.#uniformDouble();
      const radius = Math.sqrt(-2 * Math.log1p(-u2));
      const theta = 2 * Math.PI * u1;
      this.#cached = radius * Math.sin(theta);
      result[i] = radius * Math.cos(theta);
    }
    return result;
  }

  #inBlocks(size: number): Float32Array<ArrayBuffer> {
    const result = new Float32Array(size);
    for (let i = 0; i < size; i++) result[i] = this.#uniformFloat();
    for (let i = 0; i + BLOCK <= size; i += BLOCK) boxMuller(result, i);
    if (size % BLOCK !== 0) {
      // the rest does not fill a block: the last sixteen values are drawn anew
      const last = size - BLOCK;
      for (let i = 0; i < BLOCK; i++) result[last + i] = this.#uniformFloat();
      boxMuller(result, last);
    }
    return result;
  }
}

/** Sixteen uniforms to sixteen normals in place: value j pairs with value j + 8. */
function boxMuller(values: Float32Array, start: number): void {
  for (let j = start; j < start + BLOCK / 2; j++) {
    const u1 = Math.fround(1 - (values[j] ?? 0));
    const u2 = values[j + BLOCK / 2] ?? 0;
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(u1)))));
    const theta = Math.fround(Math.fround(2 * Math.PI) * u2);
    values[j] = radius * Math.cos(theta);
    values[j + BLOCK / 2] = radius * Math.sin(theta);
  }
}
