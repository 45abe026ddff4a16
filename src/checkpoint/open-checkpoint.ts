import type { AccessToken } from '../access-token';
import type { CheckpointSource, Component, LoadOptions, TensorSpec, Weights } from '../engine';
import { KinoraError, throwIfCancelled } from '../errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { type Download, download, downloadedBytes } from './download';
import { FileDigest } from './file-digest';
import { folderUrl } from './folder-url';
import { needsConversion, planHalfPrecision } from './half-precision';
import { fetchText, type HttpOptions } from './http';
import { fetchWithToken, type PublishedModel, publishedModel } from './hub';
import { checkModelIndex } from './model-index';
import { inOneTab } from './one-tab';
import { RemoteFile } from './remote-file';
import { defaultPauses, type RetryOptions, withRetries } from './retry';
import { lengthBytes } from './safetensors';
import { planShards, toWeights } from './shards';
import { chooseWeightFile, components, readTensorTable } from './weight-files';

/** What a download is doing when it is not simply fetching; see DownloadProgress of the protocol. */
export type DownloadState = { state: 'fetching' | 'watching' | 'restarted' } | { state: 'waiting'; retryAt: number };

/** What is known of a component's weight file before a weight is fetched. */
export interface WeightFileFacts {
  readonly component: Component;
  readonly path: string;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly sha256: string | undefined;
}

export interface OpenOptions {
  /** Where the checkpoint is kept between visits. */
  store: CheckpointStore;
  /** Replaces the browser's fetch. */
  fetch?: typeof globalThis.fetch;
  /** Shown to its own origin, and to no other. */
  token?: AccessToken;
  /** Seconds to wait before weights that did not arrive are asked for again and again. None: the first failure is the last. */
  pauses?: readonly number[];
  /** Called whenever a download begins to do something else. */
  onState?: (state: DownloadState) => void;
  signal?: AbortSignal;
}

/**
 * Opens the diffusers folder at `url`: from storage where it is stored whole, which then needs no network, otherwise from
 * its server. A checkpoint that is stored whole is never asked for again until it is deleted from the store; one that is
 * not has its small files fetched anew each time and its weights continued where they broke off.
 * @param url absolute, http(s). A query (`…/model?v=2`) is passed on with every file and makes another checkpoint of it.
 * @throws KinoraError `invalid-argument` for such a URL as cannot be a folder; `invalid-checkpoint` for another kind of
 *   model; what fetching a file and the storage can throw
 */
export async function openCheckpoint(url: string, options: OpenOptions): Promise<UrlCheckpoint> {
  const base = folderUrl(url);
  const manifests = new Map(
    (await options.store.manifests(base.href)).map((manifest) => [manifest.component, manifest]),
  );
  const checkpoint = new UrlCheckpoint(base, options, manifests);
  checkModelIndex(await checkpoint.text('model_index.json', options.signal));
  return checkpoint;
}

/** See openCheckpoint. */
export class UrlCheckpoint implements CheckpointSource {
  readonly id: string;
  readonly #base: URL;
  readonly #store: CheckpointStore;
  readonly #fetch: HttpOptions['fetch'];
  readonly #pauses: readonly number[];
  readonly #onState: (state: DownloadState) => void;
  /** Of the components that are stored whole. */
  readonly #manifests: Map<string, Manifest>;
  /** Of the others, once their headers have been read. */
  readonly #headers = new Map<Component, Download>();
  #published: Promise<PublishedModel | undefined> | undefined;

  constructor(base: URL, options: OpenOptions, manifests: Map<string, Manifest>) {
    const { store, fetch = globalThis.fetch, token, pauses = defaultPauses, onState = () => undefined } = options;
    this.id = base.href;
    this.#base = base;
    this.#store = store;
    this.#fetch = token === undefined ? fetch : fetchWithToken(token, fetch);
    this.#pauses = pauses;
    this.#onState = onState;
    this.#manifests = manifests;
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    const stored = await this.#storedText(path);
    if (typeof stored === 'string') return stored;
    const text = await fetchText(this.#url(path), { fetch: this.#fetch, signal });
    await this.#store.putText(this.id, path, text);
    return text;
  }

  async optionalText(path: string, signal?: AbortSignal): Promise<string | undefined> {
    if ((await this.#storedText(path)) === null) return undefined;
    try {
      return await this.text(path, signal);
    } catch (error) {
      if (!isAbsence(error)) throw error;
      // remembered, so that a stored checkpoint does not ask for it again
      await this.#store.putText(this.id, path, null);
      return undefined;
    }
  }

  async tensors(component: Component, signal?: AbortSignal): Promise<ReadonlyMap<string, TensorSpec>> {
    const { tensors } = this.#manifests.get(component) ?? (await this.#header(component, signal)).manifest;
    return new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  /** The weight files, and what of them is stored. Reads the headers of those that are not. */
  async weightFiles(signal?: AbortSignal): Promise<WeightFileFacts[]> {
    const facts: WeightFileFacts[] = [];
    for (const component of components) {
      const stored = this.#manifests.get(component);
      if (stored) {
        facts.push({ component, ...stored.file, storedBytes: stored.file.bytes, sha256: stored.file.sha256 });
        continue;
      }
      const header = await this.#header(component, signal);
      const { bytes: storedBytes } = await downloadedBytes(header, this.#store);
      const { path, bytes, sha256 } = header.manifest.file;
      facts.push({ component, path, bytes, storedBytes, sha256 });
    }
    return facts;
  }

  /** As the model's page on the hub gives it; undefined where it was not asked, or does not say. */
  async licence(): Promise<string | undefined> {
    return (await this.#published)?.licence;
  }

  /** Other tabs that want the same wait, and get reports. */
  weights(component: Component, options: LoadOptions = {}): Promise<Weights> {
    const { onProgress, signal } = options;
    let watching = false;
    const onWatch = (bytes: number, totalBytes: number) => {
      if (!watching) this.#onState({ state: 'watching' });
      watching = true;
      if (totalBytes > 0) onProgress?.(bytes, totalBytes);
    };
    return inOneTab(`kinora download ${this.id} ${component}`, { onWatch, signal }, async (report) => {
      if (watching) {
        this.#onState({ state: 'fetching' });
        const [finished] = (await this.#store.manifests(this.id)).filter(
          (manifest) => manifest.component === component,
        );
        if (finished) this.#manifests.set(component, finished);
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
    const stored = this.#manifests.get(component);
    if (stored) {
      const shards = await this.#store.openShards(stored);
      throwIfCancelled(options.signal);
      if (shards) {
        options.onProgress?.(manifestBytes(stored), manifestBytes(stored));
        return toWeights(stored, shards);
      }
      // damaged or wiped: what is missing is fetched again
      this.#manifests.delete(component);
      await this.#store.removeManifest(stored);
    }
    const manifest = await this.#download(component, options).catch((error: unknown) => {
      if (!(error instanceof KinoraError) || error.code !== 'changed') throw error;
      this.#onState({ state: 'restarted' });
      return this.#download(component, options);
    });
    this.#manifests.set(component, manifest);
    const shards = await this.#store.openShards(manifest);
    if (shards) return toWeights(manifest, shards);
    throw new KinoraError('storage', `The browser has lost ${component} right after it was stored. Load again.`);
  }

  async #download(component: Component, options: LoadOptions): Promise<Manifest> {
    const retries: RetryOptions = {
      pauses: this.#pauses,
      onWait: (retryAt) => this.#onState({ state: 'waiting', retryAt }),
      onResume: () => this.#onState({ state: 'fetching' }),
      signal: options.signal,
    };
    const header = await withRetries((signal) => this.#header(component, signal), retries);
    // read again next time: after a failure the file may be another one, after success it is not needed
    this.#headers.delete(component);
    const { file, manifest } = header;
    const confirm = isUnverified(file, manifest.file.sha256)
      ? () => withRetries((signal) => this.#confirmHeader(component, manifest, signal), retries)
      : undefined;
    await download(header, this.#store, { ...options, ...retries, confirm });
    return manifest;
  }

  /**
   * Reads the header once more, where nothing else tells that the file was replaced while it was being fetched.
   * @throws KinoraError `changed`: then nothing of it stays, since it may be of either file
   */
  async #confirmHeader(component: Component, manifest: Manifest, signal: AbortSignal): Promise<void> {
    const { file, manifest: now } = await this.#header(component, signal);
    this.#headers.delete(component);
    if (now.version === manifest.version) return;
    await this.#store.removeShards(manifest);
    throw new KinoraError('changed', `${file.url} was replaced by another version while it was being downloaded.`);
  }

  /** Null for a file that is known to be absent. Until all weights are there, nothing that is stored counts as known. */
  async #storedText(path: string): Promise<string | null | undefined> {
    const whole = components.every((component) => this.#manifests.has(component));
    return whole ? this.#store.text(this.id, path) : undefined;
  }

  #url(path: string): string {
    const url = new URL(path, this.#base);
    url.search = this.#base.search;
    return url.href;
  }

  /** Finds the component's weight file and reads its header. */
  async #header(component: Component, signal?: AbortSignal): Promise<Download> {
    const known = this.#headers.get(component);
    if (known) return known;
    this.#published ??= publishedModel(this.#base, { fetch: this.#fetch, signal });
    // asked again where it failed
    const published = await this.#published.catch((error: unknown) => {
      this.#published = undefined;
      throw error;
    });
    const { file, path } = await this.#weightFile(component, signal);
    const facts = published?.files.get(path);
    if (facts && file.size !== undefined && file.size !== facts.bytes) {
      throw new KinoraError(
        'corrupt',
        `${file.url} has ${file.size} bytes, where the file that its authors have published has ${facts.bytes}.`,
      );
    }
    const digest = isUnverified(file, facts?.sha256) ? await FileDigest.create() : undefined;
    const read = async (begin: number, end: number) => {
      const part = await file.read(begin, end, { signal });
      await digest?.update(part);
      return new Uint8Array(await part.arrayBuffer());
    };
    const tensors = await readTensorTable({ size: file.size, read }, path);
    const conversion = needsConversion(tensors) ? planHalfPrecision(tensors, component) : undefined;
    const { shards, tensors: located } = conversion ?? planShards(tensors, component);
    const manifest: Manifest = {
      checkpoint: this.id,
      component,
      file: { path, bytes: file.size ?? tensors.at(-1)?.end ?? 0, sha256: facts?.sha256 },
      version: `${path} ${file.size ?? ''} ${digest?.hex() ?? file.validator}`,
      shards,
      tensors: located,
    };
    const header: Download = { file, manifest, sources: conversion?.sources };
    this.#headers.set(component, header);
    return header;
  }

  async #weightFile(component: Component, signal?: AbortSignal): Promise<{ path: string; file: RemoteFile }> {
    let page = false;
    const open = async (path: string) => {
      try {
        return await RemoteFile.open(this.#url(path), lengthBytes, { fetch: this.#fetch, signal });
      } catch (error) {
        if (!isAbsence(error)) throw error;
        page ||= error.code === 'html-answer';
        return undefined;
      }
    };
    try {
      return await chooseWeightFile(component, open);
    } catch (error) {
      if (!isAbsence(error)) throw error;
      if (!page) throw new KinoraError('not-found', `${error.message} That is in ${this.id}.`);
      throw new KinoraError('html-answer', `${error.message} The server of ${this.id} answers with a page instead.`);
    }
  }
}

/** Neither its server nor its authors give anything to tell it from another file of its size; one that came in one answer is of a piece. */
function isUnverified({ validator, whole }: RemoteFile, sha256: string | undefined): boolean {
  return sha256 === undefined && validator === '' && !whole;
}

/** Servers of single-page apps answer with their page where others say 404. */
function isAbsence(error: unknown): error is KinoraError {
  return error instanceof KinoraError && (error.code === 'not-found' || error.code === 'html-answer');
}
