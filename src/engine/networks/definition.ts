import type { Target } from '../graph/builder';
import type { Aliases } from '../weights';

/** A network class: how checkpoints name it, how its config is read, where its weights are, and which tensors they hold. */
export interface NetworkDefinition<Config> {
  readonly className: string;
  /** Name for people, as part of a sentence. */
  readonly label: string;
  /** Names of the weight file without their extension, as `save_pretrained` gives them in either format. */
  readonly weights: { readonly safetensors: string; readonly pytorch: string };
  readonly aliases: Aliases;
  /**
   * Parts of its modules' names in the order in which PyTorch registers those that stand beside each other; for adapters without
   * names.
   */
  readonly registration?: readonly string[];
  /** @throws KinoraError `unsupported-config`, naming the key */
  parseConfig(json: unknown): Config;
  /** Every tensor that a checkpoint must hold, with its shape. */
  parameters(config: Config): ReadonlyMap<string, readonly number[]>;
}

/** For listing the tensors that a network reads, which depend neither on the target nor on sizes. */
export const anyTarget: Target = { device: 'wasm', dtype: 'float32' };
