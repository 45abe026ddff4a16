/** Opens LoRA adapters, wherever they are: as a folder or a single file, on a server or on disk. */
import type { AdapterSource, AdapterTable, LoadOptions, Weights } from '../engine';
import { withoutQuery } from '../shared/address';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { folderUrl } from './folder-url';
import { LocalOrigin } from './local-origin';
import type { FileDescription, Origin, OriginFile } from './origin';
import { type Picked, type PickedFile, pickedFolder } from './picked-folder';
import { type RemoteOptions, RemoteOrigin } from './remote-origin';
import { headerLength, lengthBytes } from './safetensors';
import { planShards, toWeights } from './shards';

/** Options of `openAdapter`. */
export interface AdapterOptions extends RemoteOptions {
  /** Id of the adapter: by default its address, or, for a file, one derived from its name, size and date. */
  id?: string;
}

const configName = 'adapter_config.json';

/** Names that peft, diffusers and T2V-Turbo give the file in its folder. */
const fileNames = [
  'adapter_model.safetensors',
  'pytorch_lora_weights.safetensors',
  'adapter_model.bin',
  'pytorch_lora_weights.bin',
  'unet_lora.pt',
];

const isFileName = (name: string) => /\.(safetensors|bin|pt|pth)$/.test(name);

/**
 * Opens a LoRA adapter.
 * @param source the address of its folder or file, or such a folder on disk. A list of files may hold a single file.
 * @throws KinoraError `invalid-argument` for an address that can be neither; `not-found` or `local-file` if there is no adapter;
 *   what reading a file can throw
 */
export async function openAdapter(source: string | Picked, options: AdapterOptions = {}): Promise<AdapterSource> {
  if (typeof source !== 'string') {
    const folder = pickedFolder(source);
    const { file, ...found } = await findFile(new LocalOrigin(folder), await fileAmong(source), folder.name);
    const stamp = `${file.size.toString(36)}-${file.file.lastModified.toString(36)}`;
    return new OriginAdapter(options.id ?? `folder:${folder.name}/${found.path}/${stamp}`, { file, ...found });
  }
  const { folder, name } = addressOf(source);
  const found = await findFile(new RemoteOrigin(folder, options), name, withoutQuery(source), options.signal);
  return new OriginAdapter(options.id ?? source, found);
}

/**
 * Fetches all of an adapter for a worker that may not fetch it: `openAdapter` accepts the resulting files.
 * @param url as `openAdapter` takes it
 * @throws KinoraError as `openAdapter` does
 */
export async function fetchAdapter(
  url: string,
  options: RemoteOptions & { onProgress?: (bytes: number, totalBytes: number) => void } = {},
): Promise<PickedFile[]> {
  const { folder, name } = addressOf(url);
  const { signal, onProgress } = options;
  const origin = new RemoteOrigin(folder, options);
  const { path, file } = await findFile(origin, name, withoutQuery(url), signal);
  const description = await file.describe(path, signal);
  const size = file.size ?? description.tensors.at(-1)?.end ?? 0;
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.(done, size);
  };
  const weights = await file.read(0, size, { signal, onBytes });
  const config = await origin.optionalText(configName, signal);
  const files = [new File([weights], path), ...(config === undefined ? [] : [new File([config], configName)])];
  return files.map((each) => ({ path: `adapter/${each.name}`, file: each }));
}

interface Found<File extends OriginFile = OriginFile> {
  readonly origin: Origin<File>;
  readonly path: string;
  readonly file: File;
}

/** Splits a file's address into its folder's and its name. */
function addressOf(text: string): { folder: URL; name: string | undefined } {
  const url = URL.parse(text);
  const name = url?.pathname.split('/').at(-1) ?? '';
  if (!url || !isFileName(name)) return { folder: folderUrl(text), name: undefined };
  url.pathname = url.pathname.slice(0, -name.length);
  // The name stays as it is written in the address: decoded, it could hold characters that end it there, or a scheme.
  return { folder: folderUrl(url.href), name: name.replaceAll(':', '%3A') };
}

/** The only weight file of a list or folder in which no file has a known name. */
async function fileAmong(picked: Picked): Promise<string | undefined> {
  const names = (await pickedFolder(picked).names()).filter(isFileName);
  return names.length === 1 ? names[0] : undefined;
}

async function findFile<File extends OriginFile>(
  origin: Origin<File>,
  name: string | undefined,
  where: string,
  signal?: AbortSignal,
): Promise<Found<File>> {
  const paths = name === undefined ? fileNames : [name];
  for (const path of paths) {
    const file = await origin.open(path, signal);
    if (file) return { origin, path, file };
  }
  throw origin.withoutWeights('adapter', `There is no LoRA adapter in ${where}: neither ${paths.join(' nor ')}.`);
}

/** An adapter that is read in place. */
class OriginAdapter implements AdapterSource {
  readonly id: string;
  readonly #found: Found;
  #description: FileDescription | undefined;

  constructor(id: string, found: Found) {
    this.id = id;
    this.#found = found;
  }

  async table(signal?: AbortSignal): Promise<AdapterTable> {
    const { origin, path } = this.#found;
    const { tensors } = await this.#describe(signal);
    const [metadata, config] = await Promise.all([this.#metadata(signal), origin.optionalText(configName, signal)]);
    return { path, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])), metadata, config };
  }

  async weights({ onProgress, signal }: LoadOptions = {}): Promise<Weights> {
    const { file } = this.#found;
    const { tensors } = await this.#describe(signal);
    const plan = planShards(tensors, 'adapter');
    const total = plan.shards.reduce((sum, { begin, end }) => sum + end - begin, 0);
    let done = 0;
    const onBytes = (bytes: number) => {
      done += bytes;
      onProgress?.(done, total);
    };
    const blobs: Blob[] = [];
    for (const { begin, end } of plan.shards) blobs.push(await file.read(begin, end, { signal, onBytes }));
    throwIfCancelled(signal);
    return toWeights([{ manifest: { component: 'adapter', tensors: plan.tensors }, blobs }]);
  }

  async #describe(signal: AbortSignal | undefined): Promise<FileDescription> {
    this.#description ??= await this.#found.file.describe(this.#found.path, signal);
    return this.#description;
  }

  /** `__metadata__` of a safetensors header, whose values are strings. */
  async #metadata(signal: AbortSignal | undefined): Promise<ReadonlyMap<string, string>> {
    const { path, file } = this.#found;
    if (!path.endsWith('.safetensors')) return new Map();
    const read = async (begin: number, end: number) =>
      new Uint8Array(await (await file.read(begin, end, { signal })).arrayBuffer());
    const length = headerLength(await read(0, lengthBytes), path);
    const header = parsePythonJson(new TextDecoder().decode(await read(lengthBytes, lengthBytes + length)), path);
    return metadataOf(header, path);
  }
}

function metadataOf(header: unknown, path: string): ReadonlyMap<string, string> {
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
  const metadata: unknown = isObject(header) ? Object.entries(header).find(([key]) => key === '__metadata__')?.[1] : {};
  if (metadata === undefined) return new Map();
  const isDict = isObject(metadata) && !Array.isArray(metadata);
  const entries: [string, unknown][] = isDict ? Object.entries(metadata) : [['', undefined]];
  return new Map(
    entries.map(([key, value]) => {
      if (typeof value === 'string') return [key, value];
      throw new KinoraError('invalid-checkpoint', `${path}: __metadata__ of its header holds more than texts.`);
    }),
  );
}
