import type { CheckpointSource, Component, LoadOptions, TensorSpec, Weights } from '../engine';
import { KinoraError, throwIfCancelled } from '../errors';
import { type CheckpointStore, type Manifest, manifestBytes } from '../storage';
import { download } from './download';
import { needsConversion, planHalfPrecision, type ShardSource } from './half-precision';
import { fetchText, type HttpOptions } from './http';
import { checkModelIndex } from './model-index';
import { RemoteFile } from './remote-file';
import { lengthBytes } from './safetensors';
import { planShards, toWeights } from './shards';
import { chooseWeightFile, components, readTensorTable } from './weight-files';

interface Header {
  file: RemoteFile;
  manifest: Manifest;
  /** Where the bytes of the manifest's shards lie in the file, if they are converted on the way. */
  sources?: readonly ShardSource[];
}

export interface OpenOptions {
  /** Where the checkpoint is kept between visits. */
  store: CheckpointStore;
  /** Replaces the browser's fetch, for example to send an access token. */
  fetch?: typeof globalThis.fetch;
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
export async function openCheckpoint(url: string, options: OpenOptions): Promise<CheckpointSource> {
  const base = folderUrl(url);
  const manifests = new Map(
    (await options.store.manifests(base.href)).map((manifest) => [manifest.component, manifest]),
  );
  const checkpoint = new UrlCheckpoint(base, options.store, options.fetch ?? globalThis.fetch, manifests);
  checkModelIndex(await checkpoint.text('model_index.json', options.signal));
  return checkpoint;
}

function folderUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new KinoraError(
      'invalid-argument',
      `${JSON.stringify(text)} is not the address of a model folder: it must begin with http:// or https:// and carry no password.`,
    );
  }
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

class UrlCheckpoint implements CheckpointSource {
  readonly id: string;
  readonly #base: URL;
  readonly #store: CheckpointStore;
  readonly #fetch: HttpOptions['fetch'];
  /** Of the components that are stored whole. */
  readonly #manifests: Map<string, Manifest>;
  /** Of the others, once their headers have been read. */
  readonly #headers = new Map<Component, Header>();

  constructor(base: URL, store: CheckpointStore, fetch: HttpOptions['fetch'], manifests: Map<string, Manifest>) {
    this.id = base.href;
    this.#base = base;
    this.#store = store;
    this.#fetch = fetch;
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

  async weights(component: Component, options: LoadOptions = {}): Promise<Weights> {
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
    const { file, manifest, sources } = await this.#header(component, options.signal);
    // read again next time: after a failure the file may be another one, after success it is not needed
    this.#headers.delete(component);
    await download(file, manifest, sources, this.#store, options);
    this.#manifests.set(component, manifest);
    const shards = await this.#store.openShards(manifest);
    if (shards) return toWeights(manifest, shards);
    throw new KinoraError('storage', `The browser has lost ${component} right after it was stored. Load again.`);
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
  async #header(component: Component, signal?: AbortSignal): Promise<Header> {
    const known = this.#headers.get(component);
    if (known) return known;
    const { file, path } = await this.#weightFile(component, signal);
    const read = async (begin: number, end: number) =>
      new Uint8Array(await (await file.read(begin, end, { signal })).arrayBuffer());
    const tensors = await readTensorTable({ size: file.size, read }, path);
    const conversion = needsConversion(tensors) ? planHalfPrecision(tensors, component) : undefined;
    const { shards, tensors: located } = conversion ?? planShards(tensors, component);
    const manifest: Manifest = {
      checkpoint: this.id,
      component,
      version: `${path} ${file.size ?? ''} ${file.validator}`,
      shards,
      tensors: located,
    };
    const header = { file, manifest, sources: conversion?.sources };
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

/** Servers of single-page apps answer with their page where others say 404. */
function isAbsence(error: unknown): error is KinoraError {
  return error instanceof KinoraError && (error.code === 'not-found' || error.code === 'html-answer');
}
