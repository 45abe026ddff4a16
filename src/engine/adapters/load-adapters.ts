/** Turns adapters into products that are added to weights. */
import { isFloatDtype } from '../../shared/dtypes';
import { KinoraError } from '../../shared/errors';
import { toFloat32 } from '../../shared/float16';
import { shortened } from '../../shared/quote';
import type { NetworkDefinitions, PipelineNetworks } from '../pipelines/definition';
import type { AdapterSource, StoredTensor, Weights } from '../source';
import type { Component, NetworkPlace, Progress } from '../types';
import { otherName } from '../weights';
import type { Delta, Deltas } from './apply';
import type { AdaptableNetworks, AdapterContent, AdapterPair, Module } from './definition';
import { readAdapter } from './layouts';

/** An adapter that fits its model, with its weights. */
export interface LoadedAdapter {
  readonly id: string;
  /** Weights whose tensors have unique names, so that all adapters' and the network's fit in one table. */
  readonly weights: Weights;
  readonly deltas: readonly (Delta & Pick<AdapterPair, 'component' | 'module'>)[];
}

/** An adapter that fits its model, of which only the header has been read. */
export interface CheckedAdapter extends AdapterContent {
  readonly source: AdapterSource;
}

/** The modules of a pipeline that adapters can apply to. */
function adaptableNetworks(networks: NetworkDefinitions, pipeline: PipelineNetworks): AdaptableNetworks {
  const modules: Record<Component, ReadonlyMap<string, Module>> = {};
  const registration: Record<Component, readonly string[]> = {};
  for (const [component, parameters] of Object.entries(pipeline.parameters)) {
    const { aliases = [], registration: order = [] } = networks[component] ?? {};
    const own = new Map<string, Module>();
    for (const [tensor, shape] of parameters()) {
      // vectors belong to norms, and a bias is not multiplied by anything
      if (!tensor.endsWith('.weight') || shape.length < 2) continue;
      const module = { name: moduleOf(tensor), shape };
      for (const name of [tensor, otherName(tensor, aliases)]) own.set(moduleOf(name), module);
    }
    modules[component] = own;
    registration[component] = order;
  }
  return { modules, registration };
}

const moduleOf = (tensor: string) => tensor.slice(0, -'.weight'.length);

/**
 * Determines what adapters add to which modules, from their headers alone.
 * @throws KinoraError `invalid-checkpoint` or `unsupported-config`, naming what is refused or the first tensor that does not fit;
 *   what the sources throw
 */
export async function checkAdapters(
  sources: readonly AdapterSource[],
  networks: NetworkDefinitions,
  pipeline: PipelineNetworks,
  signal?: AbortSignal,
): Promise<CheckedAdapter[]> {
  if (sources.length === 0) return [];
  const adaptable = adaptableNetworks(networks, pipeline);
  const checked: CheckedAdapter[] = [];
  for (const source of sources) checked.push({ source, ...readAdapter(await source.table(signal), adaptable) });
  return checked;
}

/** The configs by component, with the keys that adapters change. */
export function withAdapterConfigs(
  configs: Readonly<Record<Component, unknown>>,
  adapters: readonly AdapterContent[],
): Record<Component, unknown> {
  const changed: Record<Component, unknown> = { ...configs };
  for (const [component, keys] of adapters.flatMap((adapter) => Object.entries(adapter.configs))) {
    changed[component] = Object.assign({}, changed[component], keys);
  }
  return changed;
}

/**
 * Fetches the weights of an adapter that has been checked.
 * @param index its position among the adapters, which makes its tensors' names unique
 * @throws KinoraError what the source throws; `invalid-checkpoint` for an alpha that is not a number
 */
export async function loadAdapter(
  { source, pairs }: CheckedAdapter,
  { index, count }: { index: number; count: number },
  options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal },
): Promise<LoadedAdapter> {
  const network: NetworkPlace = { component: 'adapter', label: 'adapter', index, count };
  const weights = await source.weights({
    signal: options.signal,
    onProgress: (done, total) => options.onProgress?.({ stage: 'fetch', network, done, total }),
  });
  const prefix = `adapter ${index}/`;
  const deltas = await Promise.all(
    pairs.map(async ({ component, module, up, down, rank, scale }) => ({
      ...{ component, module, rank, up: prefix + up, down: prefix + down },
      scale: typeof scale === 'number' ? scale : (await numberOf(weights, scale.alpha)) / rank,
    })),
  );
  const tensors = [...weights.tensors].map(([name, tensor]): [string, StoredTensor] => [
    prefix + name,
    { ...tensor, file: prefix + tensor.file },
  ]);
  const files = [...weights.files].map(([name, blob]) => [prefix + name, blob] as const);
  return { id: source.id, deltas, weights: { tensors: new Map(tensors), files: new Map(files) } };
}

async function numberOf(weights: Weights, name: string): Promise<number> {
  const { file = '', offset = 0, byteLength = 0, dtype = 'BOOL' } = weights.tensors.get(name) ?? {};
  const bytes = await weights.files
    .get(file)
    ?.slice(offset, offset + byteLength)
    .arrayBuffer();
  const [value = Number.NaN] = bytes && isFloatDtype(dtype) ? toFloat32(bytes, dtype) : [];
  if (Number.isFinite(value)) return value;
  throw new KinoraError(
    'invalid-checkpoint',
    `${shortened(name)} of an adapter is no finite number, or of the type ${dtype}.`,
  );
}

/** What all adapters together add to one component's weights. An adapter with scale 0 adds and costs nothing. */
export function deltasOf(
  component: Component,
  adapters: readonly (LoadedAdapter & { readonly scale: number })[],
): Deltas {
  const deltas = new Map<string, Delta[]>();
  for (const { deltas: own, scale: times } of adapters) {
    for (const { component: of, module, scale, ...delta } of own) {
      if (of !== component || times * scale === 0) continue;
      const tensor = `${module}.weight`;
      deltas.set(tensor, [...(deltas.get(tensor) ?? []), { ...delta, scale: scale * times }]);
    }
  }
  return deltas;
}
