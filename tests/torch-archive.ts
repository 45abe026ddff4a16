/** Builds files that torch.save could have written, and some that it never would. */

export interface ArchiveEntry {
  name: string;
  data: Uint8Array;
  /** False values in the directory. */
  size?: number;
  offset?: number;
  flags?: number;
}

/** A zip archive of uncompressed files, without alignment; the checksums are 0, since nothing checks them. */
export function archive(entries: readonly ArchiveEntry[], comment = ''): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data, size = data.length, offset = at, flags = 0 } of entries) {
    const bytes = new TextEncoder().encode(name);
    const sizes = [u32(0), u32(size), u32(size), u16(bytes.length), u16(0)];
    const header = join(u32(0x04034b50), u16(20), u16(flags), u16(0), u32(0), ...sizes, bytes);
    local.push(header, data);
    const rest = [u16(0), u16(0), u16(0), u32(0), u32(offset), bytes];
    directory.push(join(u32(0x02014b50), u16(20), u16(20), u16(flags), u16(0), u32(0), ...sizes, ...rest));
    at += header.length + data.length;
  }
  const listing = join(...directory);
  const text = new TextEncoder().encode(comment);
  const counts = [u16(0), u16(0), u16(entries.length), u16(entries.length)];
  return join(...local, listing, u32(0x06054b50), ...counts, u32(listing.length), u32(at), u16(text.length), text);
}

/** The opcodes of a pickle that say the same as torch.save's. */
export const op = {
  proto: bytes(0x80, 2),
  stop: bytes(0x2e),
  mark: bytes(0x28),
  tuple: bytes(0x74),
  emptyTuple: bytes(0x29),
  emptyDict: bytes(0x7d),
  setItems: bytes(0x75),
  setItem: bytes(0x73),
  reduce: bytes(0x52),
  persistentId: bytes(0x51),
  none: bytes(0x4e),
  false: bytes(0x89),
  global: (module: string, name: string) => join(bytes(0x63), ascii(`${module}\n${name}\n`)),
  text: (text: string) => join(bytes(0x58), u32(new TextEncoder().encode(text).length), new TextEncoder().encode(text)),
  int: (value: number) => join(bytes(0x4a), u32(value)),
  /** An integer of eight bytes. */
  long: (value: bigint) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, value, true);
    return join(bytes(0x8a, 8), new Uint8Array(view.buffer));
  },
};

export interface PickledTensor {
  storage?: string;
  key?: string;
  /** Elements of the storage. */
  elements: number | bigint;
  offset?: number | bigint;
  shape: (number | bigint)[];
  strides?: (number | bigint)[];
}

/** `_rebuild_tensor_v2(…)`; strides are those of a contiguous tensor where none are given. */
export function tensorPickle(tensor: PickledTensor): Uint8Array<ArrayBuffer> {
  const { storage = 'FloatStorage', key = '0', elements, offset = 0, shape } = tensor;
  const { strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => Number(a) * Number(b), 1)) } = tensor;
  const integer = (value: number | bigint) => (typeof value === 'bigint' ? op.long(value) : op.int(value));
  const tuple = (...items: Uint8Array[]) => join(op.mark, ...items, op.tuple);
  const id = tuple(op.text('storage'), op.global('torch', storage), op.text(key), op.text('cpu'), integer(elements));
  const hooks = join(op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce);
  return join(
    op.global('torch._utils', '_rebuild_tensor_v2'),
    tuple(
      join(id, op.persistentId),
      integer(offset),
      tuple(...shape.map(integer)),
      tuple(...strides.map(integer)),
      op.false,
      hooks,
    ),
    op.reduce,
  );
}

/** A pickled dict. */
export function dictPickle(values: Record<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const items = Object.entries(values).flatMap(([name, value]) => [op.text(name), value]);
  return join(op.proto, op.emptyDict, op.mark, ...items, op.setItems, op.stop);
}

/** A whole file of one storage. */
export function torchFile(pickle: Uint8Array, storage = new Uint8Array(24)): Uint8Array<ArrayBuffer> {
  return archive([
    { name: 'archive/data.pkl', data: pickle },
    { name: 'archive/data/0', data: storage },
    { name: 'archive/version', data: ascii('3\n') },
  ]);
}

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values);
}

export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function u16(value: number): Uint8Array<ArrayBuffer> {
  return bytes(value & 255, value >>> 8);
}

export function u32(value: number): Uint8Array<ArrayBuffer> {
  return join(u16(value & 0xffff), u16((value >>> 16) & 0xffff));
}

export function u64(value: number): Uint8Array<ArrayBuffer> {
  return join(u32(value % 2 ** 32), u32(Math.floor(value / 2 ** 32)));
}
