/** What a folder of weights may be. A new kind is a row here: opening, download, storing and checking know it from this table. */
import type { NetworkDefinition } from './networks/definition';
import { pipelineOf } from './pipelines';
import { decoderNetworks } from './pipelines/decoder';
import type { Component } from './types';

/** Where the weights of one network lie. */
export interface ComponentFiles extends Pick<NetworkDefinition<unknown>, 'label' | 'weights'> {
  /** Its folder, with a slash at the end; '' for the top. */
  readonly folder: string;
}

/** What a folder holds, in the order in which it is fetched. */
export type FolderContents = Readonly<Record<Component, ComponentFiles>>;

interface KindOfFolder {
  /** For people, within a sentence. */
  readonly label: string;
  /** The small file that says what the folder is. It is the first to be read, and to be stored. */
  readonly index: string;
  /**
   * @param index text of that file
   * @throws KinoraError `invalid-checkpoint` naming what the folder is instead
   */
  readonly contents: (index: string) => FolderContents;
}

const filesIn = ({ label, weights }: NetworkDefinition<unknown>, folder: string): ComponentFiles => ({
  label,
  weights,
  folder,
});

export const folderKinds = {
  /** A whole pipeline: a folder for each network. */
  pipeline: {
    label: 'diffusers model',
    index: 'model_index.json',
    contents: (index) => mapValues(pipelineOf(index).networks, (network, name) => filesIn(network, `${name}/`)),
  },
  /** A network by itself that decodes latents. */
  decoder: {
    label: 'decoder',
    index: 'config.json',
    contents: (index) => mapValues(decoderNetworks(index), (network) => filesIn(network, '')),
  },
} as const satisfies Record<string, KindOfFolder>;

export type FolderKind = keyof typeof folderKinds;

function mapValues<T, U>(values: Readonly<Record<string, T>>, to: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value, key)]));
}
