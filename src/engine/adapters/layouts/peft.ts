/**
 * `PeftModel.save_pretrained`: adapter_model.safetensors with `base_model.model.<module>.lora_A.weight`, beside
 * adapter_config.json. Source: peft utils/save_and_load.py.
 */
import { KinoraError } from '../../../shared/errors';
import { parsePythonJson } from '../../../shared/python-json';
import { shortened } from '../../../shared/quote';
import { invalid } from '../checks';
import type { AdapterLayout } from '../definition';
import { parseLoraConfig } from '../lora-config';
import { type FindModule, readPairs } from './named';

const prefix = 'base_model.model.';
const configName = 'adapter_config.json';

export const peft: AdapterLayout = {
  label: 'peft',

  fits: (names) => names.some((name) => name.startsWith(prefix)),

  read(table, { modules }) {
    if (table.config === undefined) {
      throw new KinoraError(
        'invalid-checkpoint',
        `${table.path} is peft's, but there is no ${configName} beside it, which says how much of it is added. Name the folder that holds both.`,
      );
    }
    const config = parseLoraConfig(parsePythonJson(table.config, configName), configName);
    // a file is for one network but does not say which: it is the one that has its first module
    const [first = ''] = table.tensors.keys();
    const [component, own] =
      Object.entries(modules).find(([, named]) =>
        [...named.keys()].some((name) => first.startsWith(`${prefix}${name}.`)),
      ) ?? [];
    if (component === undefined) throw invalid(table, `tensor ${shortened(first)} belongs to no module of this model`);
    const find: FindModule = (name) => {
      const module = name.startsWith(prefix) ? own?.get(name.slice(prefix.length)) : undefined;
      return module && { component, module };
    };
    const pairs = readPairs(table, find, (_, module, rank) => config.scaleOf(module, rank));
    for (const { module, rank, down } of pairs) {
      if (rank === config.rankOf(module)) continue;
      throw invalid(table, `${shortened(down)} has rank ${rank}, where ${configName} says ${config.rankOf(module)}`);
    }
    return { pairs, configs: {} };
  },
};
