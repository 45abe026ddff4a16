/** Bytes with random access, wherever they are: on a server, on disk, in a test. */
export interface ByteSource {
  readonly size: number;
  /**
   * @returns the bytes `[begin, end)`
   * @throws KinoraError
   */
  read(begin: number, end: number): Promise<Uint8Array>;
}
