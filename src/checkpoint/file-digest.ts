import { createSHA256, type IHasher } from 'hash-wasm';
import { hashBlob } from '../storage';

/**
 * The sha256 of a file whose parts arrive in order. The browser's own digest needs the whole file in memory; hash-wasm (MIT, no
 * dependencies) takes it in pieces, and its state can be stored, so that nothing is read again after an interruption.
 */
export class FileDigest {
  readonly #hasher: IHasher;

  private constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  /** @param state of an earlier digest, to continue from */
  static async create(state?: Uint8Array): Promise<FileDigest> {
    const hasher = await createSHA256();
    if (state) hasher.load(state);
    else hasher.init();
    return new FileDigest(hasher);
  }

  update(part: Blob): Promise<void> {
    return hashBlob(this.#hasher, part);
  }

  /** The state so far, a few hundred bytes, for `create`. */
  state(): Uint8Array {
    return this.#hasher.save();
  }

  /** The digest in hexadecimal. Nothing can be added afterwards. */
  hex(): string {
    return this.#hasher.digest();
  }
}
