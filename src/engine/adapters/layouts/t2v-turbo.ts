/**
 * T2V-Turbo's `unet_lora.pt` (Li et al., arXiv 2405.18750): a list [up0, down0, up1, down1, …] without names, for every Linear,
 * Conv2d and Conv3d of the UNet in the order of `named_modules()`. The UNet takes the guidance scale as an embedding, for which
 * the list has a pair too; the base weight of that is in no file, and zero here. Source: github.com/Ji4chenLi/t2v-turbo
 * utils/lora.py, app_ms.py.
 */
import { at } from '../../at';
import { invalid, pairOf } from '../checks';
import type { AdapterLayout, Module } from '../definition';

const component = 'unet';
const projection = 'time_embedding.cond_proj';

export const t2vTurbo: AdapterLayout = {
  label: 'T2V-Turbo',

  fits: (names) => names.length > 0 && names.every((name) => /^\d+$/.test(name)),

  read(table, { modules, registration }) {
    const own = modules[component] ?? new Map<string, Module>();
    const width = own.get('time_embedding.linear_1')?.shape[1] ?? 0;
    // its pair comes third in the list, after linear_1; if the network has no such layer, the pair gives its width
    const dim = own.get(projection)?.shape[1] ?? table.tensors.get('5')?.shape[1] ?? 0;
    const all = new Map([...own, [projection, { name: projection, shape: [width, dim] }]]);
    const listed = inOrder([...all.values()], registration[component] ?? []);
    const pairs = listed.map((module, index) =>
      pairOf(table, { component, module, up: `${2 * index}`, down: `${2 * index + 1}`, scale: () => 1 }),
    );
    if (table.tensors.size !== 2 * listed.length) {
      throw invalid(
        table,
        `it has ${table.tensors.size} tensors, where ${listed.length} modules need ${2 * listed.length}`,
      );
    }
    return { pairs, configs: { [component]: { time_cond_proj_dim: dim } } };
  },
};

/** Sorts modules as PyTorch lists them: by the registration order of each part of their names. */
function inOrder(modules: readonly Module[], registration: readonly string[]): Module[] {
  const keyed = modules.map((module) => ({
    module,
    key: module.name.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : registration.indexOf(part))),
  }));
  keyed.sort((a, b) => {
    const level = a.key.findIndex((place, i) => place !== b.key[i]);
    return level < 0 ? 0 : at(a.key, level) - at(b.key, level);
  });
  return keyed.map(({ module }) => module);
}
