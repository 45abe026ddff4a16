/** Which models are stored, and the running transfer. */
import { create } from 'zustand';
import type { Model } from '../catalogue/models';
import type { Damage, DownloadProgress, ModelFacts, Picked, StoredModel } from '../protocol';
import type { AccessToken } from '../shared/access-token';
import { KinoraError, toKinoraError } from '../shared/errors';
import { readStorage, writeStorage } from './browser-storage';
import { models as client } from './clients';
import { parseToken, tokenText } from './kept-token';
import { storedId } from './model-address';
import { addModel, chosenModel, useModels } from './models';
import type { PartState } from './parts';
import { type SpeedSamples, withSample } from './transfer-speed';

/** A download, the copying of a folder, or the check of what is stored. */
export interface Transfer {
  /** Address of the model, or name of the folder. */
  url: string;
  kind: 'download' | 'copy' | 'check';
  /** Undefined until the model has been inspected; always undefined for a folder. */
  facts: ModelFacts | undefined;
  progress: DownloadProgress | undefined;
  /** For all files together. */
  samples: SpeedSamples;
  pausing: boolean;
}

/** The parts of an error that are shown. */
export type Failure = Pick<KinoraError, 'code' | 'message' | 'missingBytes'>;

interface TransfersState {
  /** Stored models by id; undefined until storage has answered. */
  stored: Readonly<Record<string, StoredModel>> | undefined;
  /** Why the last query of storage failed. */
  storedFailure: Failure | undefined;
  /** Facts of inspected models, by address. */
  facts: Readonly<Record<string, ModelFacts>>;
  /** The address that is being inspected. */
  inspecting: string | undefined;
  transfer: Transfer | undefined;
  /** The last checked model, and which damage was found and deleted. */
  checked: { url: string; damage: Damage } | undefined;
  /** The last failure, and what it happened to: `url` as in `Transfer`. */
  failure: (Failure & Pick<Transfer, 'url'> & { kind: Transfer['kind'] | 'other' }) | undefined;
  /** What the browser reports about storage; undefined until requested. */
  storage: { usage: number; quota: number; persisted: boolean } | undefined;
  /** The panel that shows all of this. */
  panel: PartState;
  /** The visitor's access token, and whether this device keeps it. */
  token: AccessToken | undefined;
  tokenKept: boolean;
}

const tokenKey = 'kinora.token';
const keptToken = parseToken(readStorage(tokenKey));

export const useTransfers = create<TransfersState>(() => ({
  stored: undefined,
  storedFailure: undefined,
  facts: {},
  inspecting: undefined,
  transfer: undefined,
  checked: undefined,
  failure: undefined,
  storage: undefined,
  panel: 'closed',
  token: keptToken,
  tokenKept: keptToken !== undefined,
}));

client.setToken(keptToken);
let running: AbortController | undefined;
let inspection: AbortController | undefined;

/** Undefined until storage has answered. */
export function isStored(model: Model, { stored }: Pick<TransfersState, 'stored'>): boolean | undefined {
  if (!stored) return undefined;
  return stored[idOf(model)]?.whole ?? false;
}

export function idOf({ url }: Model): string {
  return storedId(new URL(url, document.baseURI).href);
}

export function setToken(token: AccessToken | undefined, keep: boolean): void {
  useTransfers.setState({ token, tokenKept: keep });
  writeStorage(tokenKey, keep && token ? tokenText(token) : undefined);
  client.setToken(token);
}

/** Asks what is stored. Like all functions here, it never rejects: the store holds the outcome. */
export async function refreshStored(): Promise<void> {
  const asked = client.list().then(
    (list) => ({ stored: Object.fromEntries(list.map((one) => [one.id, one])), storedFailure: undefined }),
    (error: unknown) => ({ storedFailure: toFailure(error) }),
  );
  const [answer, storage] = await Promise.all([asked, storageFacts()]);
  useTransfers.setState({ storage, ...answer });
}

async function storageFacts(): Promise<TransfersState['storage']> {
  try {
    const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    return { usage, quota, persisted };
  } catch {
    // undefined without a secure context
    return undefined;
  }
}

/** Asks the browser not to clear stored models when space runs short. */
export async function keepStored(): Promise<void> {
  await navigator.storage.persist().catch(() => false);
  await refreshStored();
}

/** Inspects what a model consists of, before anything large is downloaded. */
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
    if (!signal.aborted) fail({ url, kind: 'other' }, error);
  } finally {
    // another inspection may have begun
    if (!signal.aborted) useTransfers.setState({ inspecting: undefined });
  }
}

/** Called when nobody needs the result of an inspection any more. */
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

/** Copies a folder from the visitor's disk into storage, and adds it to the list. */
export async function copyFolder(folder: Picked, name: string): Promise<Model | undefined> {
  const id = await transfer({ url: name, kind: 'copy' }, (callbacks) => client.importFolder(folder, callbacks));
  return id === undefined ? undefined : addModel(id, name);
}

/** Reads all of a stored model and deletes what is damaged, so that it can be downloaded again. */
export async function checkModel(model: Model): Promise<void> {
  const { url } = model;
  const damage = await transfer({ url, kind: 'check' }, (callbacks) => client.check(idOf(model), callbacks));
  if (damage) useTransfers.setState({ checked: { url, damage } });
}

/** Stored parts stay, and the next download resumes from them. */
export function pause(): void {
  update({ pausing: true });
  running?.abort();
}

/** Deletes everything stored of a model; resolves with whether that succeeded. */
export async function deleteStored(model: Model): Promise<boolean> {
  let gone = false;
  try {
    await client.delete(idOf(model));
    gone = true;
    useTransfers.setState(({ facts }) => {
      const { [model.url]: _, ...others } = facts;
      return { facts: others };
    });
  } catch (error) {
    fail({ url: model.url, kind: 'other' }, error);
  }
  await refreshStored();
  return gone;
}

export function dismissFailure(): void {
  useTransfers.setState({ failure: undefined });
}

/** Bytes stored so far, and total bytes, of all weight files of a download; undefined if not known. */
export function transferredBytes({ facts, progress }: Transfer): { bytes: number; totalBytes: number } | undefined {
  if (!facts) return undefined;
  // files are downloaded in this order
  const current = facts.files.findIndex(({ component }) => component === progress?.network.component);
  const others = facts.files.map(({ component, bytes, storedBytes }, index) => {
    if (component === progress?.network.component) return 0;
    return index < current ? bytes : storedBytes;
  });
  return {
    bytes: others.reduce((sum, bytes) => sum + bytes, current < 0 ? 0 : (progress?.bytes ?? 0)),
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
    if (!(error instanceof KinoraError) || error.code !== 'cancelled') fail(start, error);
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

function fail({ url, kind }: Pick<NonNullable<TransfersState['failure']>, 'url' | 'kind'>, thrown: unknown): void {
  useTransfers.setState({ failure: { url, kind, ...toFailure(thrown) } });
}

function toFailure(thrown: unknown): Failure {
  const { code, message, missingBytes } = toKinoraError(thrown);
  return { code, message, missingBytes };
}

// Generate does not download a model with terms, so the page has to know whether it is stored
function askWhereNeeded(): void {
  if (chosenModel().terms && !useTransfers.getState().stored) void refreshStored();
}
askWhereNeeded();
useModels.subscribe(askWhereNeeded);
