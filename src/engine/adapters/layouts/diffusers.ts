/**
 * `save_lora_weights` of diffusers' pipelines: pytorch_lora_weights.safetensors with `unet.<module>.lora_A.weight`, formerly
 * `lora.down`; peft's config is in `lora_adapter_metadata`. Source: diffusers loaders/lora_base.py, lora_pipeline.py.
 */
import { z } from 'zod';
import { parsePythonJson } from '../../../shared/python-json';
import type { AdapterLayout } from '../definition';
import { type LoraConfig, parseLoraConfig } from '../lora-config';
import { type FindModule, readPairs } from './named';

const metadataKey = 'lora_adapter_metadata';
const metadataSchema = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

export const diffusers: AdapterLayout = {
  label: 'diffusers',

  fits: (names) => names.some((name) => /^(unet|text_encoder)\./.test(name)),

  read(table, { modules }) {
    const configs = new Map<string, LoraConfig>();
    const text = table.metadata.get(metadataKey);
    const metadata = Object.entries(
      text === undefined ? {} : (metadataSchema.safeParse(parsePythonJson(text, metadataKey)).data ?? {}),
    );
    for (const component of Object.keys(modules)) {
      const own = metadata.filter(([key]) => key.startsWith(`${component}.`));
      if (own.length === 0) continue;
      const config = Object.fromEntries(own.map(([key, value]) => [key.slice(component.length + 1), value]));
      configs.set(component, parseLoraConfig(config, `${metadataKey} of ${component}`));
    }
    const find: FindModule = (name) => {
      const component = name.slice(0, name.indexOf('.'));
      const own = Object.hasOwn(modules, component) ? modules[component] : undefined;
      const module = own?.get(name.slice(component.length + 1));
      return module && { component, module };
    };
    // without metadata and alpha, diffusers uses the rank as alpha
    const scaleOf = (component: string, module: string, rank: number) =>
      configs.get(component)?.scaleOf(module, rank) ?? 1;
    return { pairs: readPairs(table, find, scaleOf), configs: {} };
  },
};
