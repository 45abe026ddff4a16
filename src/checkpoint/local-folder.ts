import type { CheckpointSource, Component, LoadOptions, NetworkDefinitions, TensorSpec, Weights } from '../engine';
import { pipelineOf } from '../engine';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { copyScheme } from '../shared/model-source';
import type { CheckpointStore } from '../storage';
import { type DescribedFile, describeWeights } from './describe-weights';
import { type LocalFile, LocalOrigin } from './local-origin';
import { type Picked, pickedFolder } from './picked-folder';
import { planShards, toWeights } from './shards';
import { StoredSource } from './stored-source';
import { findWeights } from './weight-files';
import { whatItIs } from './what-it-is';

export interface LocalFolderOptions {
  /**
   * Copies everything that is read into this store, weights in half precision, so that `openStoredCheckpoint` finds it when
   * the folder is out of reach.
   */
  copyTo?: CheckpointStore;
}

/**
 * Opens a diffusers folder on the visitor's disk. Weights are used where they lie: nothing is copied, unless it is asked for.
 * Its id consists of the folder's name and of the sizes and dates of the files that matter, so that a changed folder is
 * another checkpoint.
 * @throws KinoraError `invalid-checkpoint` for a folder of another kind, naming what it is; `local-file`
 */
export async function openLocalFolder(
  picked: Picked,
  { copyTo: store }: LocalFolderOptions = {},
): Promise<CheckpointSource> {
  const folder = pickedFolder(picked);
  const origin = new LocalOrigin(folder);
  const modelIndex = await origin.optionalText('model_index.json');
  if (modelIndex === undefined) throw new KinoraError('invalid-checkpoint', await whatItIs(folder));
  const { networks } = pipelineOf(modelIndex);
  const weights: LocalFile[] = [];
  for (const [component, definition] of Object.entries(networks)) {
    const found = await findWeights(origin, component, definition.weights);
    weights.push(...found.map(({ file }) => file));
  }
  // small files that decide, with the weights, what the checkpoint is
  const paths = ['model_index.json', ...Object.keys(networks).map((component) => `${component}/config.json`)];
  const small = await Promise.all(paths.map((path) => folder.file(path)));
  const stamps = [...small, ...weights.map(({ file }) => file)].map((file) =>
    file ? `${file.size.toString(36)}-${file.lastModified.toString(36)}` : '',
  );
  const id = `${copyScheme}${folder.name}/${stamps.join('.')}`;
  if (store) return StoredSource.openAnew({ id, origin, store });
  return new FolderInPlace(id, origin, networks);
}

/** A folder whose files are used where they lie. */
class FolderInPlace implements CheckpointSource {
  readonly id: string;
  readonly #origin: LocalOrigin;
  readonly #networks: NetworkDefinitions;
  readonly #described = new Map<Component, readonly DescribedFile<LocalFile>[]>();

  constructor(id: string, origin: LocalOrigin, networks: NetworkDefinitions) {
    this.id = id;
    this.#origin = origin;
    this.#networks = networks;
  }

  text(path: string, signal?: AbortSignal): Promise<string> {
    return this.#origin.text(path, signal);
  }

  optionalText(path: string, signal?: AbortSignal): Promise<string | undefined> {
    return this.#origin.optionalText(path, signal);
  }

  async tensors(component: Component, signal?: AbortSignal): Promise<ReadonlyMap<string, TensorSpec>> {
    throwIfCancelled(signal);
    const described = await this.#describe(component);
    return new Map(described.flatMap(({ tensors }) => tensors.map((tensor) => [tensor.name, tensor])));
  }

  async weights(component: Component, { onProgress, signal }: LoadOptions = {}): Promise<Weights> {
    const described = await this.#describe(component);
    // a file that is gone or has changed fails here, and not inside a session
    for (const { file } of described) await file.read(0, 0);
    throwIfCancelled(signal);
    const bytes = described.reduce((sum, { file }) => sum + file.size, 0);
    onProgress?.(bytes, bytes);
    return toWeights(
      described.map(({ name, tensors, file: { file } }) => {
        const plan = planShards(tensors, name);
        return {
          manifest: { component: name, tensors: plan.tensors },
          blobs: plan.shards.map(({ begin, end }) => file.slice(begin, end)),
        };
      }),
    );
  }

  async #describe(component: Component): Promise<readonly DescribedFile<LocalFile>[]> {
    const known = this.#described.get(component);
    if (known) return known;
    const names = this.#networks[component]?.weights;
    if (!names) throw new KinoraError('invalid-argument', `${component} is not a part of the pipeline.`);
    const described = await describeWeights(this.#origin, component, names);
    this.#described.set(component, described);
    return described;
  }
}
