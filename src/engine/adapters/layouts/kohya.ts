/**
 * kohya's: `lora_unet_<module with underscores>.lora_down.weight`, with `.alpha` beside. Source: kohya-ss/sd-scripts
 * networks/lora.py; diffusers loaders/lora_conversion_utils.py.
 */
import type { AdapterLayout } from '../definition';
import { readPairs } from './named';

const prefixes: Readonly<Record<string, string>> = { unet: 'lora_unet_', text_encoder: 'lora_te_' };

export const kohya: AdapterLayout = {
  label: 'kohya',

  fits: (names) => names.some((name) => Object.values(prefixes).some((prefix) => name.startsWith(prefix))),

  read(table, { modules }) {
    // only the network can tell which underscores were dots
    const named = new Map(
      Object.entries(prefixes).flatMap(([component, prefix]) =>
        [...(modules[component] ?? [])].map(
          ([name, module]) => [prefix + name.replaceAll('.', '_'), { component, module }] as const,
        ),
      ),
    );
    const pairs = readPairs(
      table,
      (name) => named.get(name),
      () => 1,
    );
    return { pairs, configs: {} };
  },
};
