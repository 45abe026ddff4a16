/**
 * Locates the files of a zip archive without reading them, from the end of the archive and its central directory. (Zip libraries
 * do not expose these offsets, or need one more read per file, which would be thousands of requests for a checkpoint.) Format:
 * PKWARE's APPNOTE.TXT, sections 4.3.6 to 4.5.3.
 */
import { KinoraError } from '../shared/errors';
import { shortened } from '../shared/quote';
import type { ByteSource } from './byte-source';

export interface ZipEntry {
  readonly name: string;
  /** Bytes of the file. Only uncompressed files can be located. */
  readonly size: number;
  /** Where the local header, which precedes the file, begins. */
  readonly headerBegin: number;
  /** Where the next local header or the central directory begins. */
  readonly nextBegin: number;
}

const endRecordBytes = 22;
const maxCommentBytes = 0xffff;
const zip64LocatorBytes = 20;
const zip64EndRecordBytes = 56;
const directoryEntryBytes = 46;
const localHeaderBytes = 30;
/** A checkpoint of 100,000 tensors has a directory of about 6 MB. */
const maxDirectoryBytes = 16 * 1024 * 1024;
/** PyTorch aligns every file to a multiple of this (kFieldAlignment in caffe2/serialize/inline_container.h). */
const pytorchAlignment = 64;

/**
 * @param path for messages
 * @returns files in the order of their bytes
 * @throws KinoraError `invalid-checkpoint`; `truncated` if the end of the archive is missing
 */
export async function readZipDirectory(source: ByteSource, path: string): Promise<ZipEntry[]> {
  const refuse = (problem: string) => new KinoraError('invalid-checkpoint', `${path}: ${problem}.`);
  const directory = await findDirectory(source, path);
  if (directory.bytes > maxDirectoryBytes) {
    throw refuse(
      `the zip archive's directory has ${directory.bytes} bytes, where at most ${maxDirectoryBytes} are allowed`,
    );
  }
  if (directory.begin + directory.bytes > source.size)
    throw refuse("the zip archive's directory lies outside of the file");

  const view = viewOf(await source.read(directory.begin, directory.begin + directory.bytes));
  const found: Omit<ZipEntry, 'nextBegin'>[] = [];
  let at = 0;
  while (at < view.byteLength) {
    if (at + directoryEntryBytes > view.byteLength || view.getUint32(at, true) !== 0x02014b50) {
      throw refuse("the zip archive's directory is damaged");
    }
    const nameEnd = at + directoryEntryBytes + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (extraEnd > view.byteLength) throw refuse("the zip archive's directory is damaged");
    const name = new TextDecoder().decode(bytesOf(view, at + directoryEntryBytes, nameEnd));
    if (view.getUint16(at + 8, true) & 1) throw refuse(`${shortened(name)} in it is encrypted`);
    if (view.getUint16(at + 10, true) !== 0)
      throw refuse(`${shortened(name)} in it is compressed, which torch.save never does`);
    const [size = 0, packed = 0, headerBegin = 0] = with64Bits(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      viewOf(bytesOf(view, nameEnd, extraEnd)),
    );
    if (size !== packed) throw refuse(`${shortened(name)} in it has two sizes, ${size} and ${packed}`);
    found.push({ name, size, headerBegin });
    at = extraEnd + view.getUint16(at + 32, true);
  }
  if (found.length !== directory.entries) {
    throw refuse(`the zip archive announces ${directory.entries} files and lists ${found.length}`);
  }

  found.sort((a, b) => a.headerBegin - b.headerBegin);
  return found.map((entry, index) => {
    const nextBegin = found[index + 1]?.headerBegin ?? directory.begin;
    if (entry.headerBegin + localHeaderBytes + entry.size > nextBegin) {
      throw refuse(`${shortened(entry.name)} in it overlaps what comes after it`);
    }
    return { ...entry, nextBegin };
  });
}

/**
 * The byte range of a file. A local header of unknown length precedes it; PyTorch pads the header until the file begins at a
 * multiple of 64, which together with the file's known size reveals its position without a read. If that does not work, another
 * program packed the archive, and the header is read.
 * @throws KinoraError `invalid-checkpoint`
 */
export async function locateEntry(
  source: ByteSource,
  entry: ZipEntry,
  path: string,
): Promise<{ begin: number; end: number }> {
  const { name, size, headerBegin, nextBegin } = entry;
  const earliest = headerBegin + localHeaderBytes + new TextEncoder().encode(name).length;
  // what may follow the file: nothing, or a data descriptor with sizes of 32 or 64 bits; at most one of them fits
  for (const descriptorBytes of [16, 24, 0]) {
    const begin = nextBegin - descriptorBytes - size;
    if (begin % pytorchAlignment === 0 && begin >= earliest) return { begin, end: begin + size };
  }
  const header = viewOf(await source.read(headerBegin, headerBegin + localHeaderBytes));
  const begin = headerBegin + localHeaderBytes + header.getUint16(26, true) + header.getUint16(28, true);
  if (header.getUint32(0, true) !== 0x04034b50 || begin + size > nextBegin) {
    throw new KinoraError('invalid-checkpoint', `${path}: the header of ${shortened(name)} in it is damaged.`);
  }
  return { begin, end: begin + size };
}

interface Directory {
  begin: number;
  bytes: number;
  entries: number;
}

async function findDirectory(source: ByteSource, path: string): Promise<Directory> {
  const tailBegin = Math.max(0, source.size - endRecordBytes - maxCommentBytes);
  const tail = viewOf(await source.read(tailBegin, source.size));
  let at = tail.byteLength - endRecordBytes;
  while (at >= 0 && !isEndRecord(tail, at)) at--;
  if (at < 0) {
    throw new KinoraError(
      'truncated',
      `${path} is incomplete: the directory that a torch.save file ends with is missing after ${source.size} bytes.`,
    );
  }
  const entries = tail.getUint16(at + 10, true);
  const bytes = tail.getUint32(at + 12, true);
  const begin = tail.getUint32(at + 16, true);
  if (entries !== 0xffff && bytes !== 0xffffffff && begin !== 0xffffffff) return { begin, bytes, entries };

  // too large for 32 bits: the true values are in another record, which a locator right before this one points to
  const damaged = () => new KinoraError('invalid-checkpoint', `${path}: the end of the zip64 archive is damaged.`);
  const locator = at - zip64LocatorBytes;
  if (locator < 0 || tail.getUint32(locator, true) !== 0x07064b50) throw damaged();
  const recordBegin = toNumber(tail.getBigUint64(locator + 8, true));
  if (recordBegin + zip64EndRecordBytes > source.size) throw damaged();
  const record = viewOf(await source.read(recordBegin, recordBegin + zip64EndRecordBytes));
  if (record.getUint32(0, true) !== 0x06064b50) throw damaged();
  return {
    entries: toNumber(record.getBigUint64(32, true)),
    bytes: toNumber(record.getBigUint64(40, true)),
    begin: toNumber(record.getBigUint64(48, true)),
  };
}

/** The record is the last thing in the file except for a comment, whose length it contains. */
function isEndRecord(tail: DataView, at: number): boolean {
  return (
    tail.getUint32(at, true) === 0x06054b50 && at + endRecordBytes + tail.getUint16(at + 20, true) === tail.byteLength
  );
}

/** Replaces values that do not fit in 32 bits with those from extra field 1, which holds them in this order. */
function with64Bits(values: number[], extra: DataView): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return values.map((value) => {
      if (value !== 0xffffffff || next + 8 > extra.byteLength) return value;
      next += 8;
      return toNumber(extra.getBigUint64(next - 8, true));
    });
  }
  return values;
}

/** Numbers beyond 2^53 need not be exact: no file is that long. */
function toNumber(value: bigint): number {
  return Number(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView, begin: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + begin, end - begin);
}
