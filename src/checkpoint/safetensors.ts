import { z } from 'zod';
import type { TensorSpec } from '../engine';
import { elementType, tensorDtypes } from '../shared/dtypes';
import { KinoraError } from '../shared/errors';
import { quote, shortened } from '../shared/quote';

/** The 8 bytes that a safetensors file begins with: the length of its header, little-endian. */
export const lengthBytes = 8;

/**
 * A checkpoint of 1,500 tensors has a header of 200 KB. The reference implementation accepts 100 MB (MAX_HEADER_SIZE in
 * safetensors/src/tensor.rs), but parsed JSON can take twenty times its size.
 */
const maxHeaderBytes = 16 * 1024 * 1024;
/** Most tensors that a weight file may hold. */
export const maxTensors = 65_536;

/** A tensor whose bytes are `[begin, end)` of the file. */
export interface FileTensor extends TensorSpec {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

const count = z.int().nonnegative();
/** Not z.record, which drops keys named `__proto__`. */
const headerSchema = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const tensorSchema = z.strictObject({
  dtype: z.enum(tensorDtypes, { error: ({ input }) => `${quote(input)} is not a known type` }),
  // not z.max, which compares the `length` of any value, however deeply nested
  shape: z.array(count).refine(({ length }) => length <= 16, 'more than 16 axes'),
  data_offsets: z.tuple([count, count]),
});

/**
 * @param head the first 8 bytes
 * @param path for messages
 * @returns bytes of the header that follows
 * @throws KinoraError `invalid-checkpoint`, or `html-answer` for an HTML page that is named like a file
 */
export function headerLength(head: Uint8Array, path: string): number {
  const length = new DataView(head.buffer, head.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length >= 2 && length <= maxHeaderBytes) return Number(length);
  if (/^\s*</.test(new TextDecoder().decode(head))) {
    throw new KinoraError('html-answer', `${path} is a page, not a weight file. Check the address of the model.`);
  }
  throw new KinoraError(
    'invalid-checkpoint',
    `${path} announces a header of ${length} bytes, where at most ${maxHeaderBytes} are allowed: it is not a safetensors file.`,
  );
}

/**
 * Parses and checks a header: known types, as many bytes as the shape needs, no gap, no overlap.
 * Duplicate names are invisible once the JSON is parsed, but leave a gap.
 * @param header the bytes after the first 8 of the file
 * @param path for messages
 * @returns tensors in the order of their bytes
 * @throws KinoraError `invalid-checkpoint` naming the tensor
 */
export function parseHeader(header: Uint8Array, path: string): FileTensor[] {
  const refuse = (problem: string, cause?: unknown) =>
    new KinoraError('invalid-checkpoint', `${path}: ${problem}.`, { cause });
  let entries: [string, unknown][];
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    entries = Object.entries(headerSchema.parse(JSON.parse(text)));
  } catch (cause) {
    throw refuse('the safetensors header is not valid JSON', cause);
  }
  const dataBegin = lengthBytes + header.byteLength;
  const tensors: FileTensor[] = [];
  if (entries.length > maxTensors) throw refuse(`it holds more than ${maxTensors} tensors`);
  for (const [name, entry] of entries) {
    if (name === '__metadata__') continue;
    const said = `tensor ${shortened(name)}`;
    const parsed = tensorSchema.safeParse(entry);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw refuse(`${said} has a malformed entry (${shortened([...(issue?.path ?? []), issue?.message].join(': '))})`);
    }
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    const bytes = shape.reduce((product, size) => product * size, elementType(dtype).bytes);
    if (bytes === 0) throw refuse(`${said} is empty`);
    if (offsets[1] - offsets[0] !== bytes) {
      throw refuse(
        `${said} has offsets ${offsets.join(' to ')} for ${bytes} bytes of ${dtype} [${shortened(shape.join(', '))}]`,
      );
    }
    tensors.push({ name, dtype, shape, begin: dataBegin + offsets[0], end: dataBegin + offsets[1] });
  }
  if (tensors.length === 0) throw refuse('there is no tensor in it');
  tensors.sort((a, b) => a.begin - b.begin);
  let end = dataBegin;
  for (const tensor of tensors) {
    if (tensor.begin < end) throw refuse(`tensor ${shortened(tensor.name)} overlaps the one before it`);
    if (tensor.begin > end) throw refuse(`bytes that belong to no tensor lie before ${shortened(tensor.name)}`);
    end = tensor.end;
  }
  return tensors;
}

/**
 * Compares the file's size with what its header promises.
 * @throws KinoraError `truncated` naming the first incomplete tensor, `invalid-checkpoint` if the file continues after its
 *   tensors
 */
export function checkFileSize(tensors: readonly FileTensor[], size: number, path: string): void {
  const cut = tensors.find(({ end }) => end > size);
  const promised = tensors.at(-1)?.end ?? 0;
  if (cut) {
    throw new KinoraError(
      'truncated',
      `${path} has ${size} bytes where its header promises ${promised}: tensor ${shortened(cut.name)} and what follows are ` +
        'incomplete. The file is damaged.',
    );
  }
  if (size > promised) {
    throw new KinoraError('invalid-checkpoint', `${path} has ${size} bytes where its header promises ${promised}.`);
  }
}
