import { expect } from 'vitest';
import type { ByteSource } from '../src/checkpoint/byte-source';

/** A source of bytes in memory that counts the reads, and in which a read beyond the bytes fails the test. */
export class RecordingSource implements ByteSource {
  readonly size: number;
  reads = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }

  async read(begin: number, end: number): Promise<Uint8Array> {
    expect([begin >= 0, begin <= end, end <= this.size]).toEqual([true, true, true]);
    this.reads++;
    return this.bytes.subarray(begin, end);
  }
}
