/** What the layouts with named tensors share: a tensor's name consists of a module's and its own role. */
import { KinoraError } from '../../../shared/errors';
import { shortened } from '../../../shared/quote';
import type { AdapterTable } from '../../source';
import type { Component } from '../../types';
import { invalid, pairOf } from '../checks';
import type { AdapterPair, Module, PairScale } from '../definition';

type Part = 'up' | 'down' | 'alpha';

/** The endings of tensor names, in every spelling. */
const endings: readonly (readonly [string, Part])[] = [
  ['.lora_A.weight', 'down'],
  ['.lora_B.weight', 'up'],
  ['.lora.down.weight', 'down'],
  ['.lora.up.weight', 'up'],
  ['.lora_down.weight', 'down'],
  ['.lora_up.weight', 'up'],
  ['.alpha', 'alpha'],
];

/** Tensors of methods that are more than a low-rank product. */
const refused: readonly (readonly [RegExp, string])[] = [
  [/\.(lora_magnitude_vector(\.weight)?|dora_scale)$/, 'DoRA'],
  [/\.hada_/, 'LoHa'],
  [/\.lokr_/, 'LoKr'],
  [/\.(oft_|boft_)/, 'OFT'],
  [/\.lora_mid\b/, 'LoCon with a core'],
  [/\.lora_embedding_[AB]$/, 'LoRA of an embedding'],
  [/\.(diff|diff_b)$/, 'a full difference'],
  [/\.(on_input|lora_l)$/, 'IA³'],
  [/\.modules_to_save\./, 'whole modules'],
  [/\.bias$/, 'trained biases'],
];

/** The module that a layout's name means; undefined if there is none. */
export type FindModule = (name: string) => { component: Component; module: Module } | undefined;

/**
 * Finds the pairs of a file.
 * @param find returns the module that a tensor's name without its ending means
 * @param scaleOf returns the scale of a module that has no alpha of its own
 * @throws KinoraError `unsupported-config` for anything beyond LoRA; `invalid-checkpoint` naming the first tensor that belongs
 *   nowhere
 */
export function readPairs(
  table: AdapterTable,
  find: FindModule,
  scaleOf: (component: Component, module: string, rank: number) => number,
): AdapterPair[] {
  const parts = new Map<string, Partial<Record<Part, string>>>();
  for (const tensor of table.tensors.keys()) {
    const what = refused.find(([pattern]) => pattern.test(tensor))?.[1];
    if (what) {
      throw new KinoraError(
        'unsupported-config',
        `${table.path} holds ${what} (${shortened(tensor)}), which cannot be applied here; only plain LoRA can.`,
      );
    }
    const [ending, part] = endings.find(([end]) => tensor.endsWith(end)) ?? [];
    const name = tensor.slice(0, -(ending ?? '').length);
    if (!part || !find(name)) throw invalid(table, `tensor ${shortened(tensor)} belongs to no module of this model`);
    const known = parts.get(name) ?? {};
    if (known[part] !== undefined)
      throw invalid(table, `${shortened(tensor)} is there twice, as ${shortened(known[part])} too`);
    parts.set(name, { ...known, [part]: tensor });
  }
  const taken = new Set<Module>();
  return [...parts].map(([name, { up, down, alpha }]) => {
    const found = find(name);
    if (!found || up === undefined || down === undefined) {
      const there = shortened(up ?? down ?? alpha ?? name);
      throw invalid(
        table,
        `${there} has no counterpart: a pair of lora_A and lora_B, or of lora_down and lora_up, is needed`,
      );
    }
    const { component, module } = found;
    if (taken.has(module)) throw invalid(table, `${shortened(up)} is for a module that another tensor is for too`);
    taken.add(module);
    if (alpha !== undefined && (table.tensors.get(alpha)?.shape ?? []).some((n) => n !== 1)) {
      throw invalid(table, `${shortened(alpha)} is not one number`);
    }
    const scale = (rank: number): PairScale =>
      alpha === undefined ? scaleOf(component, module.name, rank) : { alpha };
    return pairOf(table, { component, module, up, down, scale });
  });
}
