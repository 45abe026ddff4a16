/** The kinds of folders with weights. A new kind is a row here: opening, downloading, storing and checking use this table. */
import type { NetworkDefinition } from './networks/definition';
import { pipelineOf } from './pipelines';
import { decoderNetworks } from './pipelines/decoder';
import type { Component } from './types';

/** Where the weights of one network are. */
export interface ComponentFiles extends Pick<NetworkDefinition<unknown>, 'label' | 'weights'> {
  /** Its folder, with a trailing slash; '' for the top folder. */
  readonly folder: string;
}

/** What a folder holds, in download order. */
export type FolderContents = Readonly<Record<Component, ComponentFiles>>;

interface KindOfFolder {
  /** Name for people, as part of a sentence. */
  readonly label: string;
  /** The small file that identifies the folder. It is read first, and stored first. */
  readonly index: string;
  /**
   * @param index text of the index file
   * @throws KinoraError `invalid-checkpoint` saying what the folder is instead
   */
  readonly contents: (index: string) => FolderContents;
}

const filesIn = ({ label, weights }: NetworkDefinition<unknown>, folder: string): ComponentFiles => ({
  label,
  weights,
  folder,
});

/** The kinds of folders, by name. */
export const folderKinds = {
  /** A whole pipeline: a folder for each network. */
  pipeline: {
    label: 'diffusers model',
    index: 'model_index.json',
    contents: (index) => mapValues(pipelineOf(index).networks, (network, name) => filesIn(network, `${name}/`)),
  },
  /** A single network that decodes latents. */
  decoder: {
    label: 'decoder',
    index: 'config.json',
    contents: (index) => mapValues(decoderNetworks(index), (network) => filesIn(network, '')),
  },
} as const satisfies Record<string, KindOfFolder>;

/** The name of a kind of folder. */
export type FolderKind = keyof typeof folderKinds;

function mapValues<T, U>(values: Readonly<Record<string, T>>, to: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value, key)]));
}
