import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseHeader } from '../../../src/checkpoint/safetensors';
import { checkAdapters } from '../../../src/engine/adapters/load-adapters';
import { parseLoraConfig } from '../../../src/engine/adapters/lora-config';
import { pipelineOf } from '../../../src/engine/pipelines';
import type { AdapterTable } from '../../../src/engine/source';
import { parsePythonJson } from '../../../src/shared/python-json';
import { modelIndex } from '../../../tests/server/synthetic';
import { shippedText } from '../../../tests/shipped-checkpoint';
import { hostileString, jsonLike, rarely } from '../inputs';
import { accepted, expect, target } from '../target';

const parse = (text: string): unknown => JSON.parse(text);
const read = (name: string) => readFileSync(`reference/adapters/${name}`);
const configText = read('unet/adapter_config.json').toString();
const config = parse(configText);

/** The tensors of a file by their names, and its metadata. */
function described(name: string): Pick<AdapterTable, 'tensors' | 'metadata'> {
  const file = read(name);
  const header = file.subarray(8, 8 + Number(file.readBigUInt64LE(0)));
  const tensors = new Map(parseHeader(header, name).map((tensor) => [tensor.name, tensor]));
  const { __metadata__: metadata = {} } = parse(header.toString()) as { __metadata__?: Record<string, string> };
  return { tensors, metadata: new Map(Object.entries(metadata)) };
}

const files = ['unet/adapter_model', 'text_encoder/adapter_model', 'pytorch_lora_weights', 'kohya'].map((name) =>
  described(`${name}.safetensors`),
);
/** As T2V-Turbo's, for the first modules. */
const list = Array.from({ length: 12 }, (_, i) => [String(i), { dtype: 'F32', shape: [8, 2, 1, 1] }] as const);

const definition = pipelineOf(JSON.stringify(modelIndex));
const pipeline = definition.fromConfigs({
  text_encoder: parse(shippedText('text_encoder/config.json')),
  unet: parse(readFileSync('reference/networks/unet-small/config.json', 'utf8')),
  vae: parse(shippedText('vae/config.json')),
});

const shape = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 8, 20, 32, 2 ** 40), { maxLength: 6 });
const change = fc.record({
  at: fc.nat(),
  name: rarely(fc.oneof(hostileString, fc.constantFrom('.alpha', '.lora_A.weight', '.dora_scale', '0', '5'))),
  shape: rarely(shape),
  dtype: rarely(fc.constantFrom('I64', 'F64', 'BOOL')),
  remove: rarely(fc.constant(true)),
});

const tables = fc
  .tuple(fc.nat(files.length), fc.array(change, { maxLength: 3 }), rarely(jsonLike(config)), rarely(jsonLike(config)))
  .map(([index, changes, other, metadata]): AdapterTable => {
    const file = files[index];
    const entries = [...(file?.tensors ?? new Map(list))].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    for (const { at, remove, ...fields } of changes) {
      const entry = entries[at % entries.length];
      if (!entry) continue;
      if (fields.name?.startsWith('.')) entry.name += fields.name;
      else Object.assign(entry, JSON.parse(JSON.stringify(fields)));
      if (remove) entries.splice(at % entries.length, 1);
    }
    return {
      path: 'lora.safetensors',
      tensors: new Map(entries.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
      metadata: metadata === undefined ? (file?.metadata ?? new Map()) : new Map([['lora_adapter_metadata', metadata]]),
      config: other ?? configText,
    };
  });

export const adapters = [
  target('adapter_config.json', jsonLike(config, config), async (text) => {
    const read = await accepted(() => parseLoraConfig(parsePythonJson(text, 'config'), 'adapter_config.json'));
    if (!read) return;
    const scale = read.scaleOf('conv_in', read.rankOf('conv_in'));
    expect(!Number.isNaN(scale), 'a scale is a number');
  }),
  target('table of an adapter', tables, async (table) => {
    const source = { id: 'lora', table: async () => table, weights: () => Promise.reject(new Error('Not asked for.')) };
    const checked = await accepted(() => checkAdapters([source], definition.networks, pipeline));
    for (const { pairs, configs } of checked ?? []) {
      for (const { up, down } of pairs) expect(table.tensors.has(up) && table.tensors.has(down), 'tensors are there');
      await accepted(() => definition.fromConfigs({ ...{ text_encoder: {}, vae: {} }, ...configs }));
    }
  }),
];
