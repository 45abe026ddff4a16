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
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { describeWeights } from './describe-weights';
import { type Download, download, downloadedBytes, planDownload } from './download';
import { withMissingBytes } from './missing-room';
import { inOneTab } from './one-tab';
import type { Origin } from './origin';
import type { DownloadState } from './remote-origin';
import { toWeights } from './shards';
import { readStored, StoredManifests } from './stored-manifests';

/** What is known about a weight file before its weights are fetched. */
export interface WeightFileFacts {
  readonly component: Component;
  readonly path: string;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly sha256: string | undefined;
}

export interface StoredSourceOptions {
  /** Stable: the same weights at the same place have the same id. */
  readonly id: string;
  readonly origin: Origin;
  /** A pipeline if left out. */
  readonly kind?: FolderKind;
  /** Where everything read from the origin is stored. */
  readonly store: CheckpointStore;
  readonly onState?: (state: DownloadState) => void;
  readonly signal?: AbortSignal;
}

/**
 * A folder that is stored as it is read. A completely stored folder is read from storage without contacting the origin; for
 * others, small files are read from the origin each time, and weights are resumed where they stopped.
 */
export class StoredSource implements CheckpointSource {
  readonly id: string;
  readonly #origin: Origin;
  readonly #store: CheckpointStore;
  readonly #onState: (state: DownloadState) => void;
  readonly #signal: AbortSignal | undefined;
  /** The file that identifies the folder, and its text. */
  readonly #index: { readonly path: string; readonly text: string };
  readonly #contents: FolderContents;
  /** Manifests of the completely stored components. */
  readonly #manifests: StoredManifests;
  /** Planned downloads of the others, once their headers have been read. */
  readonly #headers = new Map<Component, readonly Download[]>();

  private constructor(
    { id, origin, kind = 'pipeline', store, signal, onState = () => undefined }: StoredSourceOptions,
    index: string,
    manifests: StoredManifests,
  ) {
    this.id = id;
    this.#origin = origin;
    this.#store = store;
    this.#signal = signal;
    this.#onState = onState;
    this.#index = { path: folderKinds[kind].index, text: index };
    this.#contents = folderKinds[kind].contents(index);
    this.#manifests = manifests;
  }

  /** @throws KinoraError `invalid-checkpoint` for another kind of model; what reading a file and the storage can throw */
  static async open(options: StoredSourceOptions): Promise<StoredSource> {
    const { kind, index, manifests, missing } = await readStored(options.id, options.store);
    const asked = options.kind ?? 'pipeline';
    if (kind === asked && index !== undefined && missing.length === 0)
      return new StoredSource(options, index, manifests);
    return StoredSource.openAnew(options, manifests);
  }

  /** Like `open`, but reads every file from the origin, even if everything is stored. */
  static async openAnew(options: StoredSourceOptions, manifests = new StoredManifests()): Promise<StoredSource> {
    const path = folderKinds[options.kind ?? 'pipeline'].index;
    const index = await options.origin.text(path, options.signal);
    const source = new StoredSource(options, index, manifests);
    await options.store.putText(options.id, path, index);
    return source;
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    if (path === this.#index.path) return this.#index.text;
    const stored = await this.#storedText(path);
    if (typeof stored === 'string') return stored;
    const text = await this.#origin.text(path, signal);
    await this.#store.putText(this.id, path, text);
    return text;
  }

  async optionalText(path: string, signal?: AbortSignal): Promise<string | undefined> {
    const stored = await this.#storedText(path);
    if (stored !== undefined) return stored ?? undefined;
    const text = await this.#origin.optionalText(path, signal);
    // absence is remembered too, so that a stored checkpoint does not request the file again
    await this.#store.putText(this.id, path, text ?? null);
    return text;
  }

  async tensors(component: Component, signal?: AbortSignal): Promise<ReadonlyMap<string, TensorSpec>> {
    const manifests = this.#manifests.of(component) ?? (await this.#header(component, signal)).map(manifestOf);
    return new Map(manifests.flatMap(({ tensors }) => tensors.map((tensor) => [tensor.name, tensor])));
  }

  /** The weight files, and how much of each is stored. Reads the headers of those that are not. */
  async weightFiles(signal?: AbortSignal): Promise<WeightFileFacts[]> {
    const facts: WeightFileFacts[] = [];
    for (const component of Object.keys(this.#contents)) {
      const stored = this.#manifests.of(component);
      for (const { file } of stored ?? []) {
        facts.push({ component, ...file, storedBytes: file.bytes, sha256: file.sha256 });
      }
      for (const header of stored ? [] : await this.#header(component, signal)) {
        const { bytes: storedBytes } = await downloadedBytes(header, this.#store);
        const { path, bytes, sha256 } = header.manifest.file;
        facts.push({ component, path, bytes, storedBytes, sha256 });
      }
    }
    return facts;
  }

  /** The licence that the origin states, for example `cc-by-nc-4.0`; undefined if unknown. */
  get licence(): string | undefined {
    return this.#origin.licence;
  }

  /** Other tabs that want the same component wait, and receive its progress. */
  weights(component: Component, options: LoadOptions = {}): Promise<Weights> {
    const { onProgress } = options;
    const signals = [this.#signal, options.signal].filter((given) => given !== undefined);
    const signal = AbortSignal.any(signals);
    let watching = false;
    const onWatch = (bytes: number, totalBytes: number) => {
      if (!watching) this.#onState({ state: 'watching' });
      watching = true;
      if (totalBytes > 0) onProgress?.(bytes, totalBytes);
    };
    return inOneTab(`kinora download ${this.id} ${component}`, { onWatch, signal }, async (report) => {
      if (watching) {
        this.#onState({ state: 'fetching' });
        const finished = await StoredManifests.read(this.#store, this.id);
        for (const manifest of finished.of(component) ?? []) this.#manifests.set(manifest);
      }
      return this.#storedOrFetched(component, {
        signal,
        onProgress: (...bytes) => {
          onProgress?.(...bytes);
          report(...bytes);
        },
      });
    });
  }

  async #storedOrFetched(component: Component, options: LoadOptions): Promise<Weights> {
    for (let tries = 0; tries < 3; tries++) {
      const stored = this.#manifests.of(component);
      const manifests = stored ?? (await this.#unlessChanged(() => this.#fetch(component, options)));
      const opened = await Promise.all(
        manifests.map(async (manifest) => ({ manifest, ...(await this.#store.openShards(manifest)) })),
      );
      throwIfCancelled(options.signal);
      const damaged = opened.filter(({ lost }) => lost.length > 0);
      if (damaged.length === 0) {
        const bytes = manifests.reduce((sum, manifest) => sum + manifestBytes(manifest), 0);
        if (stored) options.onProgress?.(bytes, bytes);
        return toWeights(opened);
      }
      // damaged or wiped: what is missing is fetched again
      for (const { manifest, lost } of damaged) {
        this.#manifests.delete(manifest);
        await this.#store.removeLost(manifest, lost);
      }
    }
    throw new KinoraError('storage', `The browser lost ${component} right after storing it. Check the disk.`);
  }

  /** Stores one weight file after the other. */
  async #fetch(component: Component, { onProgress, signal }: LoadOptions): Promise<Manifest[]> {
    const headers = await this.#header(component, signal);
    // read again next time: after a failure a file may have changed, after success they are not needed
    this.#headers.delete(component);
    const sizes = await Promise.all(headers.map((header) => downloadedBytes(header, this.#store)));
    const total = sizes.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
    let before = 0;
    for (const header of headers) {
      const { manifest } = header;
      const confirm = header.unverified ? () => this.#confirmHeader(component, manifest, signal) : undefined;
      try {
        await download(header, this.#store, {
          ...{ signal, confirm },
          onProgress: (bytes) => onProgress?.(before + bytes, total),
        });
      } catch (error) {
        const toStore = [...headers, ...[...this.#headers.values()].flat()].map(manifestOf);
        throw await withMissingBytes(error, toStore, this.#store);
      }
      this.#manifests.set(manifest);
      before += sizes[headers.indexOf(header)]?.totalBytes ?? 0;
    }
    return headers.map(manifestOf);
  }

  /**
   * Reads the header once more, if nothing else reveals that the file was replaced while it was being fetched.
   * @throws KinoraError `changed`; everything stored of the file is then deleted, since it may be a mixture
   */
  async #confirmHeader(component: Component, manifest: Manifest, signal: AbortSignal | undefined): Promise<void> {
    const now = await this.#header(component, signal);
    this.#headers.delete(component);
    if (now.some(({ manifest: { version } }) => version === manifest.version)) return;
    await this.#store.removeShards(manifest);
    const { path } = manifest.file;
    throw new KinoraError('changed', `${path} was replaced by another version while it was being downloaded.`);
  }

  /** Starts over once if a file is replaced at its origin in the meantime. */
  async #unlessChanged<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KinoraError) || error.code !== 'changed') throw error;
      this.#onState({ state: 'restarted' });
      return work();
    }
  }

  /** Null for a file known to be absent. Until all weights are stored, no stored text is used. */
  async #storedText(path: string): Promise<string | null | undefined> {
    const whole = this.#manifests.missing(this.#contents).length === 0;
    return whole ? this.#store.text(this.id, path) : undefined;
  }

  /** Finds the component's weight files and reads their headers. */
  async #header(component: Component, signal?: AbortSignal): Promise<readonly Download[]> {
    const known = this.#headers.get(component);
    if (known) return known;
    const files = this.#contents[component];
    if (!files) throw new KinoraError('invalid-argument', `${component} is not a part of ${this.id}.`);
    const described = await this.#unlessChanged(() => describeWeights(this.#origin, component, files, signal));
    const headers = described.map((file) => planDownload(file, this.id));
    this.#headers.set(component, headers);
    return headers;
  }
}

function manifestOf({ manifest }: Download): Manifest {
  return manifest;
}
