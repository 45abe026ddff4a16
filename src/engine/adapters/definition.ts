/**
 * What an adapter is to the engine, and what a layout of adapter files is. A new layout is a file in `layouts/` and a row in its
 * `index.ts`.
 */
import type { AdapterTable } from '../source';
import type { Component } from '../types';

/** A module whose weight a product can be added to. */
export interface Module {
  /** Name in the network's graph. */
  readonly name: string;
  /** Shape of its weight. */
  readonly shape: readonly number[];
}

/** The modules of a pipeline that an adapter can apply to. */
export interface AdaptableNetworks {
  /** By component, then by every name that checkpoints use for a module. */
  readonly modules: Readonly<Record<Component, ReadonlyMap<string, Module>>>;
  /** Parts of modules' names, siblings in the order in which PyTorch registers them. */
  readonly registration: Readonly<Record<Component, readonly string[]>>;
}

/**
 * What a product is multiplied by before the adapter's own scale: a number, or an alpha that is stored in a tensor and is divided
 * by the rank.
 */
export type PairScale = number | { readonly alpha: string };

/** Two tensors of an adapter's file whose product is added to a module's weight. */
export interface AdapterPair {
  readonly component: Component;
  /** Name in the network's graph. */
  readonly module: string;
  /** Names of the tensors: up [out, rank], down [rank, in, …]. */
  readonly up: string;
  readonly down: string;
  readonly rank: number;
  readonly scale: PairScale;
}

export interface AdapterContent {
  readonly pairs: readonly AdapterPair[];
  /** Config keys that the adapter changes, by component: they give the network more modules, whose own weights are zero. */
  readonly configs: Readonly<Record<Component, object>>;
}

export interface AdapterLayout {
  /** Name for people, as part of a sentence. */
  readonly label: string;
  /** Whether a file has this layout, judging by the names of its tensors. */
  fits(names: readonly string[]): boolean;
  /**
   * @throws KinoraError `invalid-checkpoint` or `unsupported-config`, naming what is refused or the first tensor that does not
   *   fit
   */
  read(table: AdapterTable, networks: AdaptableNetworks): AdapterContent;
}
