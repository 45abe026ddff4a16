import type { CheckpointSource, Component, LoadOptions, TensorSpec, Weights } from '../engine';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { planHalfPrecision, type ShardSource, toHalfPrecision } from './half-precision';
import { withMissingBytes } from './missing-room';
import { checkModelIndex } from './model-index';
import { type Picked, type PickedFolder, pickedFolder, readLocal } from './picked-folder';
import type { FileTensor } from './safetensors';
import { planShards, toWeights } from './shards';
import { readText } from './text-file';
import { chooseWeightFile, components, readTensorTable } from './weight-files';

export interface LocalFolderOptions {
  /**
   * Copies everything that is read into this store, weights in half precision, so that `openStoredCheckpoint` finds it when
   * the folder is out of reach.
   */
  copyTo?: CheckpointStore;
}

interface WeightFile {
  path: string;
  file: File;
}

/** Small files that decide, with the weights, what the checkpoint is. */
const identifyingFiles = ['model_index.json', ...components.map((component) => `${component}/config.json`)];

/**
 * Opens a diffusers folder on the visitor's disk. Weights are used where they lie: nothing is copied, unless it is asked for.
 * Its id consists of the folder's name and of the sizes and dates of the files that matter, so that a changed folder is
 * another checkpoint.
 * @throws KinoraError `invalid-checkpoint` for a folder of another kind, naming what it is; `local-file`
 */
export async function openLocalFolder(picked: Picked, options: LocalFolderOptions = {}): Promise<CheckpointSource> {
  const folder = pickedFolder(picked);
  const index = await folder.file('model_index.json');
  if (!index) throw new KinoraError('invalid-checkpoint', await whatItIs(folder));
  const indexText = await readLocal('model_index.json', () => readText(index, 'model_index.json'));
  checkModelIndex(indexText);
  const weightFiles = new Map<Component, WeightFile>();
  for (const component of components) {
    weightFiles.set(component, await findWeights(folder, component));
  }
  const files = await Promise.all(identifyingFiles.map((path) => folder.file(path)));
  const stamps = [...files, ...[...weightFiles.values()].map(({ file }) => file)].map((file) =>
    file ? `${file.size.toString(36)}-${file.lastModified.toString(36)}` : '',
  );
  const id = `folder:${folder.name}/${stamps.join('.')}`;
  await options.copyTo?.putText(id, 'model_index.json', indexText);
  return new FolderCheckpoint(id, folder, weightFiles, options.copyTo);
}

class FolderCheckpoint implements CheckpointSource {
  readonly id: string;
  readonly #folder: PickedFolder;
  readonly #weightFiles: ReadonlyMap<Component, WeightFile>;
  readonly #store: CheckpointStore | undefined;
  readonly #tensors = new Map<Component, FileTensor[]>();

  constructor(
    id: string,
    folder: PickedFolder,
    weightFiles: ReadonlyMap<Component, WeightFile>,
    store: CheckpointStore | undefined,
  ) {
    this.id = id;
    this.#folder = folder;
    this.#weightFiles = weightFiles;
    this.#store = store;
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    const text = await this.optionalText(path, signal);
    if (text === undefined) {
      throw new KinoraError('local-file', `The folder ${this.#folder.name} has no file ${path}.`);
    }
    return text;
  }

  async optionalText(path: string, signal?: AbortSignal): Promise<string | undefined> {
    throwIfCancelled(signal);
    const file = await this.#folder.file(path);
    const text = file && (await readLocal(path, () => readText(file, path)));
    await this.#store?.putText(this.id, path, text ?? null);
    return text;
  }

  async tensors(component: Component, signal?: AbortSignal): Promise<ReadonlyMap<string, TensorSpec>> {
    throwIfCancelled(signal);
    return new Map((await this.#table(component)).map((tensor) => [tensor.name, tensor]));
  }

  async weights(component: Component, { onProgress, signal }: LoadOptions = {}): Promise<Weights> {
    const { path, file } = this.#weightFile(component);
    // a file that is gone or has changed fails here, and not inside a session
    await readLocal(path, () => file.slice(-1).arrayBuffer());
    throwIfCancelled(signal);
    if (this.#store) return this.#copy(component, this.#store, { onProgress, signal });
    const plan = planShards(await this.#table(component), component);
    const shards = plan.shards.map(({ begin, end }) => file.slice(begin, end));
    onProgress?.(file.size, file.size);
    return toWeights({ component, ...plan }, shards);
  }

  /** Puts into the store what it does not have yet, and hands out what is there. */
  async #copy(component: Component, store: CheckpointStore, { onProgress, signal }: LoadOptions): Promise<Weights> {
    const { path, file } = this.#weightFile(component);
    const { manifest, sources } = await this.#plan(component);
    const total = manifestBytes(manifest);
    // twice, where a shard of an earlier copy turns out to be damaged
    for (let tries = 0; tries < 2; tries++) {
      const stored = new Set((await store.storedShards(manifest)).map(({ begin }) => begin));
      let bytes = 0;
      for (const [index, shard] of manifest.shards.entries()) {
        throwIfCancelled(signal);
        const source = sources[index];
        if (source && !stored.has(shard.begin)) {
          // read and written anew even where nothing is converted: in a private window, a slice of a File stays a reference
          // to the disk when it is stored, and is gone with it (seen in Chromium 156)
          const part = file.slice(source.begin, source.end);
          const converted = await readLocal(path, () => toHalfPrecision(source, part, path));
          await store.putShard(manifest, shard, converted).catch(async (error) => {
            const plans = await Promise.all(components.map((each) => this.#plan(each)));
            const toStore = plans.map((plan) => plan.manifest);
            throw await withMissingBytes(error, toStore, store);
          });
        }
        bytes += shard.end - shard.begin;
        onProgress?.(bytes, total);
      }
      await store.commit(manifest);
      const { blobs, lost } = await store.openShards(manifest);
      if (lost.length === 0) return toWeights(manifest, blobs);
      await store.removeLost(manifest, lost);
    }
    throw new KinoraError('storage', `The browser loses ${component} as soon as it is stored. Is its disk all right?`);
  }

  /** What of a component is stored, in half precision. */
  async #plan(component: Component): Promise<{ manifest: Manifest; sources: readonly ShardSource[] }> {
    const { path, file } = this.#weightFile(component);
    const { sources, ...plan } = planHalfPrecision(await this.#table(component), component);
    const manifest: Manifest = {
      checkpoint: this.id,
      component,
      file: { path, bytes: file.size },
      version: `${path} ${file.size} ${file.lastModified}`,
      ...plan,
    };
    return { manifest, sources };
  }

  async #table(component: Component): Promise<FileTensor[]> {
    const known = this.#tensors.get(component);
    if (known) return known;
    const { path, file } = this.#weightFile(component);
    const read = async (begin: number, end: number) => new Uint8Array(await file.slice(begin, end).arrayBuffer());
    try {
      const tensors = await readLocal(path, () => readTensorTable({ size: file.size, read }, path));
      this.#tensors.set(component, tensors);
      return tensors;
    } catch (error) {
      if (!(error instanceof KinoraError) || error.code !== 'truncated') throw error;
      // nothing was being downloaded
      throw new KinoraError('local-file', error.message, { cause: error });
    }
  }

  #weightFile(component: Component): WeightFile {
    const found = this.#weightFiles.get(component);
    if (!found) throw new KinoraError('invalid-argument', `${component} is not a part of the pipeline.`);
    return found;
  }
}

async function findWeights(folder: PickedFolder, component: Component): Promise<WeightFile> {
  try {
    return await chooseWeightFile(component, (path) => folder.file(path));
  } catch (error) {
    if (!(error instanceof KinoraError) || error.code !== 'not-found') throw error;
    throw new KinoraError('local-file', `The folder ${folder.name} has no weights of ${component}: ${error.message}`);
  }
}

/** Says what a folder without model_index.json is. */
async function whatItIs(folder: PickedFolder): Promise<string> {
  const names = await folder.names();
  const is = `The folder ${folder.name} is not a diffusers model, which has a file model_index.json:`;
  if (names.length === 0) return `${is} it is empty.`;
  const config = await folder.file('config.json');
  if (config) return `${is} with its config.json it seems to be a part of one. Choose the folder that it lies in.`;
  const snapshots = names.includes('snapshots');
  if (snapshots)
    return `${is} it is a cache of the hub. Choose the folder with the long name inside of its folder snapshots.`;
  const single = names.find((name) => /\.(safetensors|ckpt|pth?)$/.test(name));
  if (single) return `${is} it holds ${single}, and models in a single file cannot be read here.`;
  const more = names.length > 5 ? `, … (${names.length} in all)` : '';
  return `${is} it holds ${names.slice(0, 5).join(', ')}${more}.`;
}
