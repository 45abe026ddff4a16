/**
 * The comment in an mp4 file, where iTunes and ffmpeg look for it: moov/udta/meta/ilst/©cmt/data (QuickTime File Format,
 * "Metadata"). mp4-muxer writes no metadata.
 */
import { KinoraError } from '../shared/errors';

/** Boxes on the path from the top of the file to the chunk offset tables. */
const containers = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/** The index of a short video has a few kilobytes; a longer one than this is not Kinora's. */
const maxMoovBytes = 16 * 1024 * 1024;
/** Kinora's files have four at the top level, and no box holds more than a dozen. Long fragmented films have thousands. */
const maxBoxes = 1000;
/** Small boxes that follow each other are read together. */
const pieceBytes = 64 * 1024;

/** Size, type, and a size of 64 bits. */
const maxHeadBytes = 16;

interface Box {
  type: string;
  /** Where the box begins; its content begins at `content`, and both end at `end`. */
  begin: number;
  content: number;
  end: number;
}

/**
 * @param mp4 with its moov box before its data, and offsets only in there (no fragments)
 * @returns the same file with `comment` in it
 * @throws Error if it has no moov box
 */
export function withComment(mp4: ArrayBuffer, comment: string): ArrayBuffer {
  const view = new DataView(mp4);
  const moov = find('moov', view, 0, mp4.byteLength);
  if (!moov) throw new Error('There is no moov box.');
  const added = userData(comment);
  const file = new Uint8Array(mp4.byteLength + added.length);
  file.set(new Uint8Array(mp4, 0, moov.end));
  file.set(added, moov.end);
  file.set(new Uint8Array(mp4, moov.end), moov.end + added.length);
  const changed = new DataView(file.buffer);
  changed.setUint32(moov.begin, moov.end - moov.begin + added.length);
  shiftChunks(changed, moov.content, moov.end, moov.end, added.length);
  return file.buffer;
}

/**
 * Reads the comment from the file's index, and nothing else.
 * @returns undefined if the file has no comment, or is too large or has too many boxes to be Kinora's
 * @throws KinoraError `invalid-argument` if it is not a complete mp4 file
 */
export async function readComment(file: Blob): Promise<string | undefined> {
  const refuse = (cause?: unknown) =>
    new KinoraError('invalid-argument', 'This is not a complete MP4 file.', { cause });
  try {
    let piece = new DataView(new ArrayBuffer(0));
    let pieceBegin = 0;
    let at = 0;
    for (let count = 0; at < file.size; count++) {
      if (count >= maxBoxes) return undefined;
      if (at + maxHeadBytes > pieceBegin + piece.byteLength) {
        piece = new DataView(await file.slice(at, at + pieceBytes).arrayBuffer());
        pieceBegin = at;
      }
      const { type, end } = boxAt(piece, at - pieceBegin, file.size - pieceBegin);
      const next = pieceBegin + end;
      if (type === 'moov') {
        if (next - at > maxMoovBytes) return undefined;
        const moov = new DataView(await file.slice(at, next).arrayBuffer());
        return commentIn(moov, boxAt(moov, 0, moov.byteLength));
      }
      at = next;
    }
  } catch (error) {
    throw error instanceof KinoraError ? error : refuse(error);
  }
  throw refuse();
}

function commentIn(view: DataView, moov: Box): string | undefined {
  const inside = (box: Box | undefined, type: string, skipped = 0) =>
    box && find(type, view, box.content + skipped, box.end);
  // meta has a version and flags of four bytes, data a type and a language of eight
  const list = inside(inside(inside(moov, 'udta'), 'meta'), 'ilst', 4);
  const data = inside(inside(list, '\u00a9cmt'), 'data');
  return data && new TextDecoder().decode(new Uint8Array(view.buffer, data.content + 8, data.end - data.content - 8));
}

/** The first box of a type among those up to `end`, of which it looks at no more than `maxBoxes`. */
function find(type: string, view: DataView, begin: number, end: number): Box | undefined {
  let count = 0;
  for (const box of boxes(view, begin, end)) {
    if (box.type === type) return box;
    if (++count >= maxBoxes) break;
  }
  return undefined;
}

/** @throws RangeError if a box extends beyond `end` */
function* boxes(view: DataView, begin: number, end: number): Generator<Box, void> {
  for (let at = begin; at < end; ) {
    const box = boxAt(view, at, end);
    yield box;
    at = box.end;
  }
}

function boxAt(view: DataView, begin: number, limit: number): Box {
  const size = view.getUint32(begin);
  const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(begin + offset)));
  // 1: the size is a number of 64 bits behind the type; 0: up to the end of the file
  const length = size === 1 ? Number(view.getBigUint64(begin + 8)) : size === 0 ? limit - begin : size;
  const content = begin + (size === 1 ? 16 : 8);
  if (length < content - begin || begin + length > limit) throw new RangeError(`The box ${type} is not whole.`);
  return { type, begin, content, end: begin + length };
}

/** Adds `shift` to every file offset from `from` on. */
function shiftChunks(view: DataView, begin: number, end: number, from: number, shift: number): void {
  for (const box of boxes(view, begin, end)) {
    if (containers.has(box.type)) shiftChunks(view, box.content, box.end, from, shift);
    if (box.type !== 'stco' && box.type !== 'co64') continue;
    const count = view.getUint32(box.content + 4);
    for (let i = 0; i < count; i++) {
      if (box.type === 'stco') {
        const at = box.content + 8 + 4 * i;
        if (view.getUint32(at) >= from) view.setUint32(at, view.getUint32(at) + shift);
      } else {
        const at = box.content + 8 + 8 * i;
        if (view.getBigUint64(at) >= from) view.setBigUint64(at, view.getBigUint64(at) + BigInt(shift));
      }
    }
  }
}

function userData(comment: string): Uint8Array<ArrayBuffer> {
  const zeros = (count: number) => new Uint8Array(count);
  const utf8 = Uint8Array.of(0, 0, 0, 1);
  const data = box('data', utf8, zeros(4), new TextEncoder().encode(comment));
  const list = box('ilst', box('\u00a9cmt', data));
  // version and flags, nothing, 'mdir' of 'appl', nothing, an empty name
  const handler = box('hdlr', zeros(8), latin1('mdirappl'), zeros(9));
  return box('udta', box('meta', zeros(4), handler, list));
}

function box(type: string, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes.set(latin1(type), 4);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
