import { describe, expect, it } from 'vitest';
import { readComment, withComment } from './mp4-comment';

function u32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function box(type: string, ...content: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const size = content.reduce((sum, { length }) => sum + length, 8);
  return join(
    u32(size),
    Uint8Array.from(type, (letter) => letter.charCodeAt(0)),
    ...content,
  );
}

function join(...parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const many = (count: number, type = 'free') => join(...Array<Uint8Array<ArrayBuffer>>(count).fill(box(type)));
const ftyp = box('ftyp', new Uint8Array(16));
const moov = box('moov', box('mvhd', new Uint8Array(100)));
const commented = withComment(join(ftyp, moov, box('mdat', new Uint8Array(50))).buffer, 'a comment');

/** A file that counts how often it is read. */
class CountedFile extends Blob {
  reads = 0;

  override slice(begin?: number, end?: number): Blob {
    this.reads++;
    return super.slice(begin, end);
  }
}

describe('readComment', () => {
  it('finds the comment, behind some hundred boxes too', async () => {
    expect(await readComment(new Blob([commented]))).toBe('a comment');
    const file = new CountedFile([many(900), commented]);
    expect(await readComment(file)).toBe('a comment');
    expect(file.reads).toBeLessThan(5);
  });

  it('finds it behind boxes that are large', async () => {
    const file = new CountedFile([...Array(10).fill(box('free', new Uint8Array(100_000))), commented]);
    expect(await readComment(file)).toBe('a comment');
    expect(file.reads).toBeLessThan(15);
  });

  it.each<[string, BlobPart[]]>([
    ['no comment', [ftyp, moov]],
    ['50,000 boxes', [many(50_000)]],
    ['50,000 boxes before its index', [many(50_000), commented]],
    ['50,000 boxes in its index', [ftyp, box('moov', many(50_000), box('udta'))]],
    ['an index of 20 MB', [ftyp, box('moov', new Uint8Array(20e6))]],
  ])('says that a film with %s has none of Kinora’s, after few reads', async (_, parts) => {
    const file = new CountedFile(parts);
    expect(await readComment(file)).toBeUndefined();
    expect(file.reads).toBeLessThan(5);
  });

  it.each<[string, BlobPart[]]>([
    ['nothing', []],
    ['text', ['The quick brown fox jumps over the lazy dog.']],
    ['a film that was cut off', [commented.slice(0, 60)]],
    ['a film without an index', [ftyp, box('mdat', new Uint8Array(50))]],
    ['a box that goes on behind the end', [ftyp, u32(1000), 'free']],
    ['a box smaller than its head', [ftyp, u32(4), 'free']],
    ['the beginning of a box', [ftyp, u32(8)]],
  ])('refuses %s', async (_, parts) => {
    await expect(readComment(new Blob(parts))).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: 'This is not a complete MP4 file.' }),
    );
  });
});
