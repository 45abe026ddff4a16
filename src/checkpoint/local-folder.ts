import {
  type CheckpointSource,
  type Component,
  type FolderContents,
  type FolderKind,
  folderKinds,
  type LoadOptions,
  type TensorSpec,
  type Weights,
} from '../engine';
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

/** Options of `openLocalFolder`. */
export interface LocalFolderOptions {
  /** What kind of folder is expected; a pipeline if left out. */
  kind?: FolderKind;
  /**
   * Copies everything that is read into this store, weights in half precision, so that `openStoredCheckpoint` can open it when
   * the folder is out of reach.
   */
  copyTo?: CheckpointStore;
}

/**
 * Opens a diffusers folder on the visitor's disk. Weights are used in place: nothing is copied unless requested. Its id consists
 * of the folder's name and the sizes and dates of the relevant files, so that a changed folder counts as another checkpoint.
 * @throws KinoraError `invalid-checkpoint` for a folder of another kind, naming what it is; `local-file`
 */
export async function openLocalFolder(
  picked: Picked,
  { kind = 'pipeline', copyTo: store }: LocalFolderOptions = {},
): Promise<CheckpointSource> {
  const folder = pickedFolder(picked);
  const origin = new LocalOrigin(folder);
  const { index: path, contents: contentsOf } = folderKinds[kind];
  const index = await origin.optionalText(path);
  if (index === undefined) throw new KinoraError('invalid-checkpoint', await whatItIs(folder, kind));
  const contents = contentsOf(index);
  const weights: LocalFile[] = [];
  for (const [component, files] of Object.entries(contents)) {
    const found = await findWeights(origin, component, files);
    weights.push(...found.map(({ file }) => file));
  }
  // the small files that, together with the weights, identify the checkpoint
  const paths = new Set([path, ...Object.values(contents).map((files) => `${files.folder}config.json`)]);
  const small = await Promise.all([...paths].map((name) => folder.file(name)));
  const stamps = [...small, ...weights.map(({ file }) => file)].map((file) =>
    file ? `${file.size.toString(36)}-${file.lastModified.toString(36)}` : '',
  );
  const id = `${copyScheme}${folder.name}/${stamps.join('.')}`;
  if (store) return StoredSource.openAnew({ id, origin, kind, store });
  return new FolderInPlace(id, origin, contents);
}

/** A folder whose files are used in place. */
class FolderInPlace implements CheckpointSource {
  readonly id: string;
  readonly #origin: LocalOrigin;
  readonly #contents: FolderContents;
  readonly #described = new Map<Component, readonly DescribedFile<LocalFile>[]>();

  constructor(id: string, origin: LocalOrigin, contents: FolderContents) {
    this.id = id;
    this.#origin = origin;
    this.#contents = contents;
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
    // a file that is gone or has changed should fail here, not inside a session
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
    const files = this.#contents[component];
    if (!files) throw new KinoraError('invalid-argument', `${component} is not a part of ${this.id}.`);
    const described = await describeWeights(this.#origin, component, files);
    this.#described.set(component, described);
    return described;
  }
}
