import type { NetworkGraph } from '../graph/builder';
import type { NetworkDefinition } from '../networks/definition';
import type { Component } from '../source';

/** The networks of a pipeline by component: the name of their folder and of their entry in model_index.json. */
export type NetworkDefinitions = Readonly<Record<string, NetworkDefinition<unknown>>>;

export type ConfigsOf<Networks extends NetworkDefinitions> = {
  readonly [Name in keyof Networks]: ReturnType<Networks[Name]['parseConfig']>;
};

/** A network that can be loaded: what a component does in one role. */
export interface NetworkPlan {
  /** Networks on the device are kept by role, so that a VAE's encoder does not take its decoder's place. */
  readonly role: string;
  /** Whose weights it reads. */
  readonly component: Component;
  /** Plans of one role with the same key are of the same network. */
  readonly key: string;
  readonly graph: () => NetworkGraph;
}
