/**
 * What an adapter is to the engine, and what a layout of adapter files is. A new layout is a file in `layouts/` and a row in its
 * `index.ts`.
 */
import type { AdapterTable } from '../source';
import type { Component } from '../types';

/** A module whose weight a product can be added to. */
export interface Module {
  /** As the network's graph names it. */
  readonly name: string;
  /** Of its weight. */
  readonly shape: readonly number[];
}

/** What of a pipeline an adapter can belong to. */
export interface AdaptableNetworks {
  /** By component; within, by every name that checkpoints have for a module. */
  readonly modules: Readonly<Record<Component, ReadonlyMap<string, Module>>>;
  /** Parts of modules' names in the order in which PyTorch registers those that stand beside each other. */
  readonly registration: Readonly<Record<Component, readonly string[]>>;
}

/**
 * What a product is multiplied by before the adapter's own scale: a number, or an alpha that lies in a tensor and is divided by
 * the rank.
 */
export type PairScale = number | { readonly alpha: string };

/** Two tensors of an adapter's file whose product is added to a module's weight. */
export interface AdapterPair {
  readonly component: Component;
  /** As the network's graph names it. */
  readonly module: string;
  /** Names of the tensors: up [out, rank], down [rank, in, …]. */
  readonly up: string;
  readonly down: string;
  readonly rank: number;
  readonly scale: PairScale;
}

export interface AdapterContent {
  readonly pairs: readonly AdapterPair[];
  /** Keys of configs that the adapter changes, by component: the network has more modules with it. Their own weights are zero. */
  readonly configs: Readonly<Record<Component, object>>;
}

export interface AdapterLayout {
  /** For people, within a sentence. */
  readonly label: string;
  /** By the names of its tensors. */
  fits(names: readonly string[]): boolean;
  /** @throws KinoraError `invalid-checkpoint` or `unsupported-config`: what is refused, or the first tensor that does not fit */
  read(table: AdapterTable, networks: AdaptableNetworks): AdapterContent;
}
