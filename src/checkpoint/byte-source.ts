/** Bytes that can be read from any place, wherever they lie: on a server, on disk, in a test. */
export interface ByteSource {
  readonly size: number;
  /** The bytes `[begin, end)`. Throws KinoraError. */
  read(begin: number, end: number): Promise<Uint8Array>;
}
