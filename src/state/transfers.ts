/** What is stored of models, and the one that is on its way. */
import { create } from 'zustand';
import { type ErrorCode, KinoraError } from '../errors';
import type { Model } from '../models';
import type { DownloadProgress, ModelFacts, Picked, StoredModel } from '../protocol';
import { readStorage, writeStorage } from './browser-storage';
import { models as client } from './clients';
import { storedId } from './model-address';
import { addModel, chosenModel, useModels } from './models';
import type { PartState } from './parts';
import { type SpeedSamples, withSample } from './transfer-speed';

/** A download, the copying of a folder, or the check of what is stored. */
export interface Transfer {
  /** Of the model; of a folder its name. */
  url: string;
  kind: 'download' | 'copy' | 'check';
  /** Undefined until the model was looked at; stays so for a folder. */
  facts: ModelFacts | undefined;
  progress: DownloadProgress | undefined;
  /** Of all files together. */
  samples: SpeedSamples;
  pausing: boolean;
}

interface TransfersState {
  /** By id; undefined until storage was asked. */
  stored: Readonly<Record<string, StoredModel>> | undefined;
  /** Of models that were looked at, by address. */
  facts: Readonly<Record<string, ModelFacts>>;
  /** The address that is being looked at. */
  inspecting: string | undefined;
  transfer: Transfer | undefined;
  /** The last model that was checked, and the bytes of it that were damaged and are deleted. */
  checked: { url: string; damagedBytes: number } | undefined;
  /** The last one that failed; `url` as in the transfer. */
  failure: { url: string; code: ErrorCode; message: string } | undefined;
  /** What the browser tells of its storage; undefined until it was asked. */
  storage: { usage: number; quota: number; persisted: boolean } | undefined;
  /** The panel that shows all of this. */
  panel: PartState;
  /** The access token of the hub, and whether this device keeps it. */
  token: string;
  tokenKept: boolean;
}

const tokenKey = 'kinora.token';
const keptToken = readStorage(tokenKey);

export const useTransfers = create<TransfersState>(() => ({
  stored: undefined,
  facts: {},
  inspecting: undefined,
  transfer: undefined,
  checked: undefined,
  failure: undefined,
  storage: undefined,
  panel: 'closed',
  token: keptToken ?? '',
  tokenKept: keptToken !== null,
}));

if (keptToken !== null) client.setToken(keptToken);
let running: AbortController | undefined;
let inspection: AbortController | undefined;

/** Undefined until storage was asked. */
export function isStored(model: Model, { stored }: Pick<TransfersState, 'stored'>): boolean | undefined {
  if (!stored) return undefined;
  return stored[idOf(model)]?.whole ?? false;
}

export function idOf({ url }: Model): string {
  return storedId(new URL(url, document.baseURI).href);
}

export function setToken(token: string, keep: boolean): void {
  useTransfers.setState({ token, tokenKept: keep });
  writeStorage(tokenKey, keep && token !== '' ? token : undefined);
  client.setToken(token === '' ? undefined : token);
}

/** Asks what is stored. Never rejects, as none of the functions here does: how they end is in the store. */
export async function refreshStored(): Promise<void> {
  const [stored, storage] = await Promise.all([client.list().catch(() => undefined), storageFacts()]);
  useTransfers.setState({ storage, ...(stored && { stored: Object.fromEntries(stored.map((one) => [one.id, one])) }) });
}

async function storageFacts(): Promise<TransfersState['storage']> {
  try {
    const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    return { usage, quota, persisted };
  } catch {
    // not there without a secure context
    return undefined;
  }
}

/** Asks the browser not to clear what is stored when it is short of space. */
export async function keepStored(): Promise<void> {
  await navigator.storage.persist().catch(() => false);
  await refreshStored();
}

/** Looks at what a model consists of, before anything large is fetched. */
export async function inspect({ url }: Model): Promise<void> {
  const address = new URL(url, document.baseURI).href;
  inspection?.abort();
  inspection = new AbortController();
  const { signal } = inspection;
  useTransfers.setState({ inspecting: url, failure: undefined });
  try {
    const found = await client.inspect(address, signal);
    useTransfers.setState(({ facts }) => ({ facts: { ...facts, [url]: found } }));
  } catch (error) {
    if (!signal.aborted) fail(url, error);
  } finally {
    // another one may have begun
    if (!signal.aborted) useTransfers.setState({ inspecting: undefined });
  }
}

/** Nobody waits any more for what a model consists of. */
export function stopInspecting(): void {
  inspection?.abort();
  useTransfers.setState({ inspecting: undefined });
}

export async function download(model: Model): Promise<void> {
  const address = new URL(model.url, document.baseURI).href;
  await transfer({ url: model.url, kind: 'download' }, async (callbacks) => {
    const facts = await client.inspect(address, callbacks.signal);
    update({ facts });
    useTransfers.setState((state) => ({ facts: { ...state.facts, [model.url]: facts } }));
    return client.download(address, callbacks);
  });
}

/** Copies a folder of the visitor's disk into storage, and adds it to the models. */
export async function copyFolder(folder: Picked, name: string): Promise<Model | undefined> {
  const id = await transfer({ url: name, kind: 'copy' }, (callbacks) => client.importFolder(folder, callbacks));
  return id === undefined ? undefined : addModel(id, name);
}

/** Reads all of a stored model; what a disk has damaged is deleted, so that it can be downloaded again. */
export async function checkModel(model: Model): Promise<void> {
  const { url } = model;
  const damagedBytes = await transfer({ url, kind: 'check' }, (callbacks) => client.check(idOf(model), callbacks));
  if (damagedBytes !== undefined) useTransfers.setState({ checked: { url, damagedBytes } });
}

/** What is there stays, and the next download goes on from it. */
export function pause(): void {
  update({ pausing: true });
  running?.abort();
}

/** Frees everything of a model. */
export async function deleteStored(model: Model): Promise<void> {
  try {
    await client.delete(idOf(model));
    useTransfers.setState(({ facts }) => {
      const { [model.url]: _, ...others } = facts;
      return { facts: others };
    });
  } catch (error) {
    fail(model.url, error);
  }
  await refreshStored();
}

export function dismissFailure(): void {
  useTransfers.setState({ failure: undefined });
}

/** Bytes of all weight files of a download that are here, and all of them; undefined where that is not known. */
export function transferredBytes({ facts, progress }: Transfer): { bytes: number; totalBytes: number } | undefined {
  if (!facts) return undefined;
  const of = (component: string, storedBytes: number, bytes: number) => {
    if (progress?.component === component) return progress.bytes;
    // they come in this order
    const before = facts.files.findIndex((file) => file.component === progress?.component);
    const own = facts.files.findIndex((file) => file.component === component);
    return own < before ? bytes : storedBytes;
  };
  return {
    bytes: facts.files.reduce((sum, file) => sum + of(file.component, file.storedBytes, file.bytes), 0),
    totalBytes: facts.files.reduce((sum, file) => sum + file.bytes, 0),
  };
}

async function transfer<Result>(
  start: Pick<Transfer, 'url' | 'kind'>,
  work: (callbacks: { onProgress: (progress: DownloadProgress) => void; signal: AbortSignal }) => Promise<Result>,
): Promise<Result | undefined> {
  if (running) return undefined;
  const controller = new AbortController();
  running = controller;
  const begin: Transfer = { ...start, facts: undefined, progress: undefined, samples: [], pausing: false };
  useTransfers.setState({ transfer: begin, checked: undefined, failure: undefined });
  try {
    const result = await work({ onProgress: report, signal: controller.signal });
    await navigator.storage?.persist().catch(() => false);
    return result;
  } catch (error) {
    if (!(error instanceof KinoraError) || error.code !== 'cancelled') fail(start.url, error);
    return undefined;
  } finally {
    running = undefined;
    useTransfers.setState({ transfer: undefined });
    await refreshStored();
  }
}

function report(progress: DownloadProgress): void {
  const { transfer: current } = useTransfers.getState();
  if (!current) return;
  const { bytes } = transferredBytes({ ...current, progress }) ?? progress;
  update({ progress, samples: withSample(current.samples, Date.now(), bytes) });
}

function update(changes: Partial<Transfer>): void {
  useTransfers.setState(({ transfer: current }) => ({ transfer: current && { ...current, ...changes } }));
}

function fail(url: string, thrown: unknown): void {
  const { code, message } = thrown instanceof KinoraError ? thrown : new KinoraError('internal', String(thrown));
  useTransfers.setState({ failure: { url, code, message } });
}

// a model with terms is not downloaded by Generate: whether it is there has to be known
function askWhereNeeded(): void {
  if (chosenModel().terms && !useTransfers.getState().stored) void refreshStored();
}
askWhereNeeded();
useModels.subscribe(askWhereNeeded);
