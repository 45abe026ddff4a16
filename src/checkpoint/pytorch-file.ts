/**
 * Weights as torch.save writes them since PyTorch 1.6 (`.bin`): a zip archive with a pickle that describes the tensors and one
 * file for each storage that holds them. Only the descriptions are read here.
 */
import { z } from 'zod';
import { elementType, type TensorDtype, torchStorages } from '../shared/dtypes';
import { KinoraError } from '../shared/errors';
import { shortened } from '../shared/quote';
import type { ByteSource } from './byte-source';
import { PickleGlobal, unpickle } from './pickle';
import { type FileTensor, maxTensors } from './safetensors';
import { locateEntry, readZipDirectory, type ZipEntry } from './zip-directory';

/** A checkpoint of 1,500 tensors has a pickle of 250 KB. */
const maxPickleBytes = 4 * 1024 * 1024;
/** Keys of storages are numbers; in older files, memory addresses. */
const maxKeyLength = 64;
const maxAxes = 16;

class Storage {
  constructor(
    readonly dtype: TensorDtype,
    /** Name of the file in the archive's folder `data`. */
    readonly key: string,
    readonly elements: number,
  ) {}
}

/** Offset and strides count elements. */
class Tensor {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    /** Set by torch when the bytes are not the values but have to be negated or conjugated first. */
    readonly metadata: unknown,
  ) {}
}

const count = z.int().nonnegative();
/** The length is checked first: one tuple can be the shape of every tensor, and zod copies it for each. */
const axes = z
  .custom<unknown[]>(
    (value) => Array.isArray(value) && value.length <= maxAxes,
    `not a list of at most ${maxAxes} axes`,
  )
  .pipe(z.array(count));
/** ('storage', class, file, device, elements) */
const storageSchema = z.tuple([
  z.literal('storage'),
  z.instanceof(PickleGlobal),
  z.string().max(maxKeyLength),
  z.string(),
  count,
]);
/** torch/_utils.py, _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None) */
const tensorSchema = z.tuple([z.instanceof(Storage), count, axes, axes, z.boolean(), z.unknown()]).rest(z.unknown());
/** torch/_utils.py, _rebuild_parameter(data, requires_grad, backward_hooks) */
const parameterSchema = z.tuple([z.instanceof(Tensor), z.boolean(), z.unknown()]);

/**
 * Finds the tensors of a state dict written by torch.save, also of one wrapped as `{"state_dict": …}`, and those of a list, which
 * are named by their positions, `0`, `1`, ….
 * @param path for messages
 * @returns tensors in the order of their bytes. There may be unused bytes between them, and tensors that share a storage overlap.
 * @throws KinoraError `invalid-checkpoint` naming the tensor, name or opcode; `truncated`; `html-answer` for an HTML page that is
 *   named like a file; what the source throws
 */
export async function readPyTorchFile(source: ByteSource, path: string): Promise<FileTensor[]> {
  const refuse = (problem: string) => new KinoraError('invalid-checkpoint', `${path}: ${problem}.`);
  checkBeginning(await source.read(0, Math.min(source.size, 32)), path);
  const entries = new Map((await readZipDirectory(source, path)).map((entry) => [entry.name, entry]));
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const folder = pickles.length === 1 ? pickles[0]?.slice(0, -'data.pkl'.length) : undefined;
  if (folder === undefined) throw refuse('it is a zip archive, but not one that torch.save has written');
  if (entries.has(`${folder}constants.pkl`)) throw refuse('it is a TorchScript program, not a list of tensors');

  const readEntry = async (name: string, limit: number): Promise<Uint8Array | undefined> => {
    const entry = entries.get(folder + name);
    if (!entry) return undefined;
    if (entry.size > limit) throw refuse(`${name} in it has ${entry.size} bytes, where at most ${limit} are allowed`);
    const { begin, end } = await locateEntry(source, entry, path);
    return source.read(begin, end);
  };
  const byteOrder = new TextDecoder().decode(await readEntry('byteorder', 16));
  if (byteOrder !== '' && byteOrder !== 'little') {
    throw refuse(`it was written on a machine with ${byteOrder}-endian numbers; only little-endian ones can be read`);
  }
  const pickle = (await readEntry('data.pkl', maxPickleBytes)) ?? new Uint8Array();

  const tensors: FileTensor[] = [];
  const storages = new Map<string, { begin: number; end: number }>();
  for (const [name, tensor] of stateDict(pickle, path)) {
    const storage = await locateStorage(tensor.storage, entries.get(`${folder}data/${tensor.storage.key}`));
    tensors.push(place(name, tensor, storage));
  }
  const bytes = tensors.reduce((sum, { begin, end }) => sum + end - begin, 0);
  // ten thousand views of one storage: not a checkpoint, but a lot to store
  if (bytes > 2 * source.size) throw refuse(`its tensors have ${bytes} bytes, more than twice as many as the file`);
  return tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);

  async function locateStorage(storage: Storage, entry: ZipEntry | undefined): Promise<{ begin: number; end: number }> {
    const { key, dtype, elements } = storage;
    const asked = elements * elementType(dtype).bytes;
    if (entry?.size !== asked) {
      throw refuse(`storage ${key} should have ${asked} bytes and ${entry ? `has ${entry.size}` : 'is not there'}`);
    }
    const place = storages.get(key) ?? (await locateEntry(source, entry, path));
    storages.set(key, place);
    return place;
  }

  function place(name: string, tensor: Tensor, storage: { begin: number; end: number }): FileTensor {
    const said = shortened(name);
    const { shape, strides, metadata } = tensor;
    const { dtype } = tensor.storage;
    const bytes = shape.reduce((product, size) => product * size, elementType(dtype).bytes);
    if (bytes === 0) throw refuse(`tensor ${said} is empty`);
    if (!isContiguous(shape, strides)) {
      throw refuse(
        `tensor ${said} is not contiguous (shape [${shortened(shape.join(', '))}], strides [${shortened(strides.join(', '))}]); ` +
          'save it with .contiguous()',
      );
    }
    if (metadata !== null && metadata !== undefined) throw refuse(`tensor ${said} is a conjugated or negated view`);
    const begin = storage.begin + tensor.offset * elementType(dtype).bytes;
    const end = begin + bytes;
    if (!(end <= storage.end)) throw refuse(`tensor ${said} lies outside its storage`);
    return { name, dtype, shape, begin, end };
  }
}

/** Recognizes by its first bytes what is not a zip archive. */
function checkBeginning(head: Uint8Array, path: string): void {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
  if (begins(0x50, 0x4b, 3, 4)) return;
  if (/^\s*</.test(new TextDecoder().decode(head))) {
    throw new KinoraError('html-answer', `${path} is a page, not a weight file. Check the address of the model.`);
  }
  // PROTO 2, LONG1 of 10 bytes: the magic number that such files begin with
  const legacy = begins(0x80, 2, 0x8a, 10);
  throw new KinoraError(
    'invalid-checkpoint',
    legacy
      ? `${path} is in the format that PyTorch wrote before version 1.6, which Kinora does not read. Load it in a newer PyTorch ` +
          'and save it again, preferably as safetensors.'
      : `${path} was not written by torch.save.`,
  );
}

/** The tensors that the pickle describes, by name. */
function stateDict(pickle: Uint8Array, path: string): Map<string, Tensor> {
  const refuse = (problem: string) => new KinoraError('invalid-checkpoint', `${path}: ${problem}.`);
  const parse = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw refuse(`${what} is malformed (${shortened([...(issue?.path ?? []), issue?.message].join(': '))})`);
  };
  const globals = [
    new PickleGlobal('collections.OrderedDict', (args) => {
      if (args.length > 0) throw refuse('an OrderedDict is made from something');
      return new Map();
    }),
    new PickleGlobal('torch._utils._rebuild_tensor_v2', (args) => {
      const [storage, offset, shape, strides, , , metadata] = parse(tensorSchema, args, 'a tensor');
      return new Tensor(storage, offset, shape, strides, metadata);
    }),
    new PickleGlobal('torch._utils._rebuild_parameter', (args) => parse(parameterSchema, args, 'a parameter')[0]),
    ...[...torchStorages.keys()].map((name) => new PickleGlobal(name)),
  ];
  const persistent = (id: unknown) => {
    const [, { name }, key, , elements] = parse(storageSchema, id, 'a storage');
    const dtype = torchStorages.get(name);
    if (!dtype) throw refuse(`${name} is not a kind of storage`);
    return new Storage(dtype, key, elements);
  };

  const saved = unpickle(pickle, { globals, persistent, path });
  const dict = namedValues(saved);
  if (!dict) throw refuse('it does not hold a state dict');
  if (dict.size === 0) throw refuse('there is no tensor in it');
  if (dict.size > maxTensors) throw refuse(`it holds ${dict.size} tensors, where at most ${maxTensors} are allowed`);
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of dict) {
    if (typeof name !== 'string' || !(tensor instanceof Tensor))
      throw refuse(`${shortened(String(name))} in it is not a tensor`);
    tensors.set(name, tensor);
  }
  return tensors;
}

/** A state dict, or a list as one. */
function namedValues(saved: unknown): ReadonlyMap<unknown, unknown> | undefined {
  // a tensor that the pickle recalls is two bytes of it: what is too long is not copied whole
  const listed: readonly unknown[] | undefined = Array.isArray(saved) ? saved.slice(0, maxTensors + 1) : undefined;
  if (listed) return new Map(listed.map((value, index) => [String(index), value]));
  if (!(saved instanceof Map)) return undefined;
  const wrapped: unknown = saved.get('state_dict');
  return wrapped instanceof Map ? wrapped : saved;
}

/** Row-major without gaps. The stride of an axis with one element is irrelevant. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 0;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return strides.length === shape.length;
}
