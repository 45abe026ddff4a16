/** The list of models, and which one is chosen. */
import { z } from 'zod/mini';
import { create } from 'zustand';
import { knownModels } from '../catalogue/known-models';
import { type Model, modelAt, modelOnDisk, shippedModel } from '../catalogue/models';
import type { ModelSource, Picked } from '../protocol';
import { isCopy } from '../shared/model-source';
import { readList, readStorage, writeStorage } from './browser-storage';
import { switches } from './switches';

interface ModelsState {
  /** Known models, and those that the visitor has added. */
  models: readonly Model[];
  chosen: Model;
  /** Addresses whose terms were accepted. */
  accepted: readonly string[];
}

const chosenKey = 'kinora.model';
const addedKey = 'kinora.models';
const acceptedKey = 'kinora.accepted';

/** A web address, or the id of a folder's stored copy. */
const address = z.string().check(z.refine((url) => /^(https?|folder):/.test(url) && URL.canParse(url)));
const added = z.object({ url: address, name: z.string() });

/** Folders used in place, by the id of their model. They cannot be kept for the next visit. */
const picked = new Map<string, Picked>();

function restored({ url, name }: { url: string; name: string }): Model {
  return isCopy(url) ? modelOnDisk(url, name, 'copy') : modelAt(url);
}

function initialState(): ModelsState {
  const asked = switches.modelUrl;
  const listed = [...knownModels, ...readList(addedKey, added).map(restored), ...(asked ? [modelAt(asked)] : [])];
  const models = listed.filter(({ url }, i) => listed.findIndex((other) => other.url === url) === i);
  const id = readStorage(chosenKey);
  const chosen = models.find((model) => (asked ? model.url === asked : model.id === id)) ?? shippedModel;
  return { models, chosen, accepted: readList(acceptedKey, z.string()) };
}

export const useModels = create<ModelsState>(initialState);

export function chosenModel(): Model {
  return useModels.getState().chosen;
}

/** What the workers open for `model`. */
export function sourceOf({ id, url, place }: Model): ModelSource<Picked> {
  const folder = picked.get(id);
  if (folder) return { kind: 'picked', folder };
  return place === 'copy' ? { kind: 'stored', id: url } : { kind: 'remote', url: new URL(url, document.baseURI).href };
}

export function chooseModel(model: Model): void {
  useModels.setState({ chosen: model });
  // a folder used in place is out of reach on the next visit
  if (!picked.has(model.id)) writeStorage(chosenKey, model.id);
}

/**
 * Adds a model at an address, or the stored copy of a folder.
 * @returns the listed model
 */
export function addModel(url: string, name = url): Model {
  const { models } = useModels.getState();
  const there = models.find((model) => model.url === url);
  if (there) return there;
  const model = restored({ url, name });
  useModels.setState({ models: [...models, model] });
  writeAdded();
  return model;
}

/** Adds a folder that is used in place, for this visit. */
export function addPickedFolder(folder: Picked, name: string): Model {
  const model = modelOnDisk(`picked:${crypto.randomUUID()}`, name, 'folder');
  picked.set(model.id, folder);
  useModels.setState(({ models }) => ({ models: [...models, model] }));
  return model;
}

/** Removes an added model from the list. */
export function removeModel(model: Model): void {
  picked.delete(model.id);
  useModels.setState(({ models, chosen }) => ({
    models: models.filter((other) => other !== model),
    chosen: chosen === model ? shippedModel : chosen,
  }));
  writeAdded();
}

export function isAdded(model: Model): boolean {
  return !knownModels.includes(model);
}

function writeAdded(): void {
  const added = useModels.getState().models.filter((model) => isAdded(model) && !picked.has(model.id));
  writeStorage(addedKey, JSON.stringify(added.map(({ url, name }) => ({ url, name }))));
}

export function isAccepted({ terms, url }: Model, { accepted }: Pick<ModelsState, 'accepted'>): boolean {
  return !terms || accepted.includes(url);
}

export function acceptTerms({ url }: Model, accept: boolean): void {
  const others = useModels.getState().accepted.filter((address) => address !== url);
  const accepted = accept ? [...others, url] : others;
  useModels.setState({ accepted });
  writeStorage(acceptedKey, JSON.stringify(accepted));
}
