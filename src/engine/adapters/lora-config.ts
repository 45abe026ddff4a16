/**
 * peft's LoraConfig, as adapter_config.json and diffusers' metadata hold it. Source: peft tuners/lora/config.py,
 * tuners/lora/layer.py.
 */
import { z } from 'zod';
import { KinoraError } from '../../shared/errors';
import { quote, shortened } from '../../shared/quote';

const alpha = z.number();
/** Not z.record, which drops keys named `__proto__`. */
const patterns = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const schema = z.looseObject({
  peft_type: z.string().nullish(),
  r: z.int().positive().default(8),
  lora_alpha: alpha.default(8),
  rank_pattern: patterns.nullish(),
  alpha_pattern: patterns.nullish(),
  use_rslora: z.boolean().nullish(),
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});

/**
 * Keys that ask for more than a low-rank product, and what they ask for; if set, they are refused. So are other keys that begin
 * with `use_`: whatever peft adds next, it is not computed here.
 */
const refusedKeys: Readonly<Record<string, string>> = {
  use_dora: 'DoRA',
  use_qalora: 'QALoRA',
  use_bdlora: 'block-diagonal LoRA',
  lora_bias: 'biases of the low-rank layers',
  fan_in_fan_out: 'transposed weights',
  modules_to_save: 'whole modules',
  trainable_token_indices: 'trained tokens',
  target_parameters: 'LoRA on parameters without a module',
  layer_replication: 'replicated layers',
  alora_invocation_tokens: 'activated LoRA',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  monteclora_config: 'MonteCLoRA',
  velora_config: 'VeLoRA',
};

/**
 * Initializations that leave the base weights unchanged. The others (PiSSA, OLoRA, CorDA, …) subtract the adapter's initial
 * product from them.
 */
const harmlessInits = ['gaussian', 'eva', 'orthogonal'];

export interface LoraConfig {
  /** The rank that the config gives a module. */
  rankOf(module: string): number;
  /** The factor of up · down for a given rank. */
  scaleOf(module: string, rank: number): number;
}

/**
 * @param json parsed
 * @param file for messages
 * @throws KinoraError `unsupported-config` naming the key, or the variant of LoRA that is not computed here
 */
export function parseLoraConfig(json: unknown, file: string): LoraConfig {
  const refuse = (problem: string) => new KinoraError('unsupported-config', `${shortened(file)}: ${problem}.`);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(shortened([...(issue?.path ?? []), issue?.message].join(': ')));
  }
  const config = parsed.data;
  if (config.peft_type != null && config.peft_type !== 'LORA') {
    throw refuse(
      `it is an adapter of the type ${shortened(config.peft_type, 60)}, where only LORA can be applied here`,
    );
  }
  for (const [key, value] of Object.entries(config)) {
    const known = Object.hasOwn(refusedKeys, key) ? refusedKeys[key] : undefined;
    const unknownUse = key.startsWith('use_') && key !== 'use_rslora' && value === true;
    if ((known !== undefined && isSet(value)) || unknownUse) {
      throw refuse(
        `${shortened(key, 60)} asks for ${known ?? 'something'} that cannot be applied here; only plain LoRA can`,
      );
    }
  }
  if (config.bias != null && config.bias !== 'none') {
    throw refuse(`bias is ${quote(config.bias, 60)}: trained biases cannot be applied here`);
  }
  const { init_lora_weights: init } = config;
  if (typeof init === 'string' && !harmlessInits.includes(init)) {
    throw refuse(
      `init_lora_weights is ${quote(init, 60)}, which changes the base's weights too. Convert it to plain LoRA when saving it (path_initial_model_for_weight_conversion)`,
    );
  }
  const ranks = patternsOf('rank_pattern', config.rank_pattern ?? {}, z.int().positive(), refuse);
  const alphas = patternsOf('alpha_pattern', config.alpha_pattern ?? {}, alpha, refuse);
  return {
    rankOf: (module) => ranks(module) ?? config.r,
    scaleOf: (module, rank) => (alphas(module) ?? config.lora_alpha) / (config.use_rslora ? Math.sqrt(rank) : rank),
  };
}

/** Python's truth value, which is what peft tests. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/**
 * The first pattern of a dict that a module matches: its whole name, or the end of it after a dot. Source: peft utils/other.py,
 * get_pattern_key.
 */
function patternsOf(
  key: string,
  dict: object,
  schema: z.ZodType<number>,
  refuse: (problem: string) => KinoraError,
): (module: string) => number | undefined {
  const patterns = Object.entries(dict).map(([name, value]: [string, unknown]) => {
    // peft treats them as regular expressions, which could run forever if hostile; diffusers and peft write only names
    if (!/^\^?[\w.-]{1,300}$/.test(name)) {
      throw refuse(`${key} has ${quote(name, 100)}, where only names of modules can be read here, not expressions`);
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw refuse(`${key} has ${quote(value, 60)} for ${shortened(name, 100)}`);
    return { whole: name.startsWith('^'), name: name.replace(/^\^/, ''), value: parsed.data };
  });
  if (patterns.length > 4096) throw refuse(`${key} has more than 4096 entries`);
  return (module) =>
    patterns.find(({ name, whole }) => module === name || (!whole && module.endsWith(`.${name}`)))?.value;
}
