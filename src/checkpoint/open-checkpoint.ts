import type { CheckpointSource, Component, LoadOptions, TensorSpec, Weights } from '../engine';
import type { AccessToken } from '../shared/access-token';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { type Download, download, downloadedBytes } from './download';
import { FileDigest } from './file-digest';
import { folderUrl } from './folder-url';
import { needsConversion, planHalfPrecision } from './half-precision';
import { fetchText, type HttpOptions } from './http';
import { fetchWithToken, type PublishedModel, publishedModel } from './hub';
import { withMissingBytes } from './missing-room';
import { checkModelIndex } from './model-index';
import { inOneTab } from './one-tab';
import { RemoteFile } from './remote-file';
import { defaultPauses } from './retry';
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
  /** Seconds to wait before what did not arrive is asked for again and again. None: the first failure is the last. */
  pauses?: readonly number[];
  /** Seconds without progress after which a request is given up, and made again if there are pauses left. */
  patience?: number;
  /** Called whenever requests begin to do something else. */
  onState?: (state: DownloadState) => void;
  /** Ends opening, and every later request of the checkpoint as well. */
  signal?: AbortSignal;
}

/**
 * So many of the pauses are made before the first answer. Until then it is more likely that the address is wrong, or that the server
 * does not allow this page, than that the server has a bad moment; and whoever has mistyped an address should soon hear of it.
 */
const firstPauses = 2;

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
  checkModelIndex(await checkpoint.text('model_index.json'));
  return checkpoint;
}

/** See openCheckpoint. */
export class UrlCheckpoint implements CheckpointSource {
  readonly id: string;
  readonly #base: URL;
  readonly #store: CheckpointStore;
  readonly #http: Omit<HttpOptions, 'signal'>;
  readonly #signal: AbortSignal | undefined;
  readonly #onState: (state: DownloadState) => void;
  /** Of the components that are stored whole. */
  readonly #manifests: Map<string, Manifest>;
  /** Of the others, once their headers have been read. */
  readonly #headers = new Map<Component, Download>();
  /** Once the hub was asked. */
  #published: { model: PublishedModel | undefined } | undefined;
  #answered = false;

  constructor(base: URL, options: OpenOptions, manifests: Map<string, Manifest>) {
    const { store, fetch = globalThis.fetch, token, pauses = defaultPauses, onState = () => undefined } = options;
    const { patience, signal } = options;
    this.id = base.href;
    this.#base = base;
    this.#store = store;
    this.#http = {
      fetch: token === undefined ? fetch : fetchWithToken(token, fetch),
      pauses,
      patience,
      onWait: (retryAt) => onState({ state: 'waiting', retryAt }),
      onResume: () => onState({ state: 'fetching' }),
    };
    this.#signal = signal;
    this.#onState = onState;
    this.#manifests = manifests;
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    const stored = await this.#storedText(path);
    if (typeof stored === 'string') return stored;
    const options = this.#options(signal);
    if (!this.#answered) options.pauses = options.pauses?.slice(0, firstPauses);
    const text = await fetchText(this.#url(path), options);
    this.#answered = true;
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
    return this.#published?.model?.licence;
  }

  /** Other tabs that want the same wait, and get reports. */
  weights(component: Component, options: LoadOptions = {}): Promise<Weights> {
    const { onProgress } = options;
    const signal = this.#options(options.signal).signal;
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
    for (let tries = 0; tries < 3; tries++) {
      const stored = this.#manifests.get(component);
      const manifest = stored ?? (await this.#fetched(component, options));
      const { blobs, lost } = await this.#store.openShards(manifest);
      throwIfCancelled(options.signal);
      if (lost.length === 0) {
        if (stored) options.onProgress?.(manifestBytes(stored), manifestBytes(stored));
        return toWeights(manifest, blobs);
      }
      // damaged or wiped: what is missing is fetched again
      this.#manifests.delete(component);
      await this.#store.removeLost(manifest, lost);
    }
    throw new KinoraError('storage', `The browser loses ${component} as soon as it is stored. Is its disk all right?`);
  }

  async #fetched(component: Component, options: LoadOptions): Promise<Manifest> {
    const manifest = await this.#unlessChanged(() => this.#download(component, options));
    this.#manifests.set(component, manifest);
    return manifest;
  }

  async #download(component: Component, options: LoadOptions): Promise<Manifest> {
    const header = await this.#header(component, options.signal);
    // read again next time: after a failure the file may be another one, after success it is not needed
    this.#headers.delete(component);
    const { file, manifest } = header;
    const confirm = isUnverified(file, manifest.file.sha256)
      ? () => this.#confirmHeader(component, manifest, options.signal)
      : undefined;
    try {
      await download(header, this.#store, { ...options, confirm });
    } catch (error) {
      const toStore = [header, ...this.#headers.values()].map((other) => other.manifest);
      throw await withMissingBytes(error, toStore, this.#store);
    }
    return manifest;
  }

  /**
   * Reads the header once more, where nothing else tells that the file was replaced while it was being fetched.
   * @throws KinoraError `changed`: then nothing of it stays, since it may be of either file
   */
  async #confirmHeader(component: Component, manifest: Manifest, signal: AbortSignal | undefined): Promise<void> {
    const { file, manifest: now } = await this.#header(component, signal);
    this.#headers.delete(component);
    if (now.version === manifest.version) return;
    await this.#store.removeShards(manifest);
    throw new KinoraError('changed', `${file.url} was replaced by another version while it was being downloaded.`);
  }

  /** Begins once more where the file on the server is replaced in the meantime. */
  async #unlessChanged<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KinoraError) || error.code !== 'changed') throw error;
      this.#onState({ state: 'restarted' });
      return work();
    }
  }

  /** Null for a file that is known to be absent. Until all weights are there, nothing that is stored counts as known. */
  async #storedText(path: string): Promise<string | null | undefined> {
    const whole = components.every((component) => this.#manifests.has(component));
    return whole ? this.#store.text(this.id, path) : undefined;
  }

  /** Of a request. */
  #options(signal: AbortSignal | undefined): HttpOptions {
    const signals = [this.#signal, signal].filter((given) => given !== undefined);
    return { ...this.#http, signal: AbortSignal.any(signals) };
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
    const options = this.#options(signal);
    this.#published ??= { model: await publishedModel(this.#base, options) };
    const { files } = this.#published.model ?? {};
    const header = await this.#unlessChanged(() => this.#readHeader(component, files, options));
    this.#headers.set(component, header);
    return header;
  }

  async #readHeader(
    component: Component,
    published: PublishedModel['files'] | undefined,
    options: HttpOptions,
  ): Promise<Download> {
    const { file, path } = await this.#weightFile(component, options);
    const facts = published?.get(path);
    if (facts && file.size !== undefined && file.size !== facts.bytes) {
      throw new KinoraError(
        'corrupt',
        `${file.url} has ${file.size} bytes, where the file that its authors have published has ${facts.bytes}.`,
      );
    }
    const digest = isUnverified(file, facts?.sha256) ? await FileDigest.create() : undefined;
    const read = async (begin: number, end: number) => {
      const part = await file.read(begin, end, { signal: options.signal });
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
    return { file, manifest, sources: conversion?.sources };
  }

  async #weightFile(component: Component, options: HttpOptions): Promise<{ path: string; file: RemoteFile }> {
    let page = false;
    const open = async (path: string) => {
      try {
        return await RemoteFile.open(this.#url(path), lengthBytes, options);
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
