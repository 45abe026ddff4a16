import type { Target } from '../graph/builder';
import type { Aliases } from '../weights';

/** A network class, as checkpoints name it: how its config is read, where its weights lie, and which tensors they hold. */
export interface NetworkDefinition<Config> {
  readonly className: string;
  /** For people, within a sentence. */
  readonly label: string;
  /** Names of the weight file without their ending, as `save_pretrained` gives them in either format. */
  readonly weights: { readonly safetensors: string; readonly pytorch: string };
  readonly aliases: Aliases;
  /** Parts of its modules' names in the order in which PyTorch registers those that stand beside each other; for adapters without names. */
  readonly registration?: readonly string[];
  /** @throws KinoraError `unsupported-config`, naming the key */
  parseConfig(json: unknown): Config;
  /** Every tensor that a checkpoint must hold, with its shape. */
  parameters(config: Config): ReadonlyMap<string, readonly number[]>;
}

/** Which tensors a network reads depends neither on the target nor on sizes, so the smallest graph tells. */
export const anyTarget: Target = { device: 'wasm', dtype: 'float32' };
