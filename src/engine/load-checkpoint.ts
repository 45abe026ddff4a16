/**
 * Loads everything that the pipeline needs from a diffusers folder: parsed configs, tokenizer, checked tensors, available
 * weights.
 */
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import {
  type CheckedAdapter,
  checkAdapters,
  type LoadedAdapter,
  loadAdapter,
  withAdapterConfigs,
} from './adapters/load-adapters';
import { type LatentRgbFactors, latentRgbFactors } from './latent-preview';
import type { NetworkParts } from './networks-on-device';
import { pipelineOf } from './pipelines';
import { decoderNetworks, withDecoder } from './pipelines/decoder';
import { type NetworkDefinitions, type PipelineNetworks, placeOf } from './pipelines/definition';
import { schedulerClassName, schedulerFromConfig } from './schedulers';
import type { AdapterSource, CheckpointSource } from './source';
import { ClipTokenizer } from './tokenizer';
import type { CheckpointInfo, Component, Progress } from './types';
import { checkTensors, together, withZeros } from './weights';

/** What the configs of a folder say. */
export interface CheckpointConfigs {
  networks: NetworkDefinitions;
  pipeline: PipelineNetworks;
  /** Every tensor that the folder must hold; the pipeline may have more, which adapters bring. */
  parameters: PipelineNetworks['parameters'];
  /** In the order in which they were given. */
  contents: readonly CheckedAdapter[];
  /** Unparsed: each scheduler reads its own keys. */
  scheduler: unknown;
}

export interface TextToVideoCheckpoint extends CheckpointConfigs {
  source: CheckpointSource;
  /** Where the network `decoder` comes from, if it replaces the checkpoint's own. */
  decoder: CheckpointSource | undefined;
  info: CheckpointInfo;
  tokenizer: ClipTokenizer;
  previewFactors: LatentRgbFactors;
  /** By component. */
  parts: NetworkParts;
  adapters: readonly LoadedAdapter[];
}

export interface CheckOptions {
  /** See LoadPipelineOptions. */
  decoder?: CheckpointSource;
  /** What is added to the checkpoint's weights. */
  adapters?: readonly AdapterSource[];
  signal?: AbortSignal;
}

export interface LoadCheckpointOptions extends CheckOptions {
  onProgress?: (progress: Progress) => void;
}

/** @throws KinoraError before any weight is fetched, if the networks cannot run the checkpoint */
export async function loadCheckpoint(
  source: CheckpointSource,
  { onProgress, ...options }: LoadCheckpointOptions,
): Promise<TextToVideoCheckpoint> {
  onProgress?.({ stage: 'open', done: 0, total: 1 });
  const checked = await checkCheckpoint(source, options);
  const { networks } = checked;
  const parts: Record<string, NetworkParts[string]> = {};
  for (const [component, { aliases }] of Object.entries(networks)) {
    const network = placeOf(networks, component);
    const weights = await sourceOf(component, checked).weights(component, {
      signal: options.signal,
      onProgress: (done, total) => onProgress?.({ stage: 'fetch', network, done, total }),
    });
    parts[component] = { weights, aliases };
  }
  const { contents, pipeline } = checked;
  const adapters: LoadedAdapter[] = [];
  for (const [index, content] of contents.entries()) {
    const place = { index, count: contents.length };
    adapters.push(await loadAdapter(content, place, { onProgress, signal: options.signal }));
  }
  for (const [component, { weights, aliases }] of Object.entries(adapters.length > 0 ? parts : {})) {
    const whole = withZeros(weights, pipeline.parameters[component]?.() ?? new Map(), aliases);
    const own = adapters.filter(({ deltas }) => deltas.some((delta) => delta.component === component));
    parts[component] = { aliases, weights: together([whole, ...own.map((adapter) => adapter.weights)]) };
  }
  return { ...checked, parts, adapters };
}

/**
 * Stores a decoder alone, after checking its tensors against its config.
 * @throws KinoraError as `loadCheckpoint` does
 */
export async function loadDecoder(
  source: CheckpointSource,
  { onProgress, signal }: Omit<LoadCheckpointOptions, 'decoder'>,
): Promise<void> {
  onProgress?.({ stage: 'open', done: 0, total: 1 });
  const config = await source.text('config.json', signal);
  const networks = decoderNetworks(config);
  for (const [component, { aliases, parameters, parseConfig }] of Object.entries(networks)) {
    const expected = parameters(parseConfig(parsePythonJson(config, 'config.json')));
    checkTensors(component, expected, await source.tensors(component, signal), aliases);
    const network = placeOf(networks, component);
    await source.weights(component, {
      signal,
      onProgress: (done, total) => onProgress?.({ stage: 'fetch', network, done, total }),
    });
  }
}

/**
 * Checks everything but the weights, of which it reads the headers.
 * @throws KinoraError if the networks cannot run the checkpoint
 */
export async function checkCheckpoint(
  source: CheckpointSource,
  options: CheckOptions = {},
): Promise<Omit<TextToVideoCheckpoint, 'parts' | 'adapters'>> {
  const configs = await readConfigs(source, options);
  const { decoder, signal } = options;
  const { networks, pipeline, parameters: all, scheduler } = configs;
  const [vocab, merges, tokenizerConfig, specialTokensMap, factors] = await Promise.all([
    source.text('tokenizer/vocab.json', signal),
    source.text('tokenizer/merges.txt', signal),
    source.optionalText('tokenizer/tokenizer_config.json', signal),
    source.optionalText('tokenizer/special_tokens_map.json', signal),
    source.optionalText('vae/latent_rgb_factors.json', signal),
  ]);
  const { maxTokens, latentChannels, vaeScaleFactor, sampleSize } = pipeline;
  const tokenizer = ClipTokenizer.fromFiles({ vocab, merges, tokenizerConfig, specialTokensMap }, maxTokens);
  checkTokenIds(tokenizer, pipeline);
  // one network after the other, so that the first one that does not fit ends the check
  for (const [component, parameters] of Object.entries(all)) {
    const tensors = await sourceOf(component, { source, decoder }).tensors(component, signal);
    checkTensors(component, parameters(), tensors, networks[component]?.aliases);
    throwIfCancelled(signal);
  }
  const info: CheckpointInfo = {
    id: source.id,
    height: sampleSize.height * vaeScaleFactor,
    width: sampleSize.width * vaeScaleFactor,
    vaeScaleFactor,
    latentChannels,
    maxTokens,
    scheduler: schedulerClassName(scheduler),
  };
  return { source, decoder, info, ...configs, tokenizer, previewFactors: latentRgbFactors(factors, latentChannels) };
}

/** The source of a network's weights: the decoder's come from its own folder. */
function sourceOf(component: string, { source, decoder }: Pick<TextToVideoCheckpoint, 'source' | 'decoder'>) {
  return component === 'decoder' && decoder ? decoder : source;
}

/**
 * Reads only the configs.
 * @throws KinoraError `unsupported-config` or `invalid-checkpoint`
 */
export async function readConfigs(
  source: CheckpointSource,
  { decoder, adapters = [], signal }: CheckOptions = {},
): Promise<CheckpointConfigs> {
  const definition = pipelineOf(await source.text('model_index.json', signal));
  const [scheduler, ...parsed] = await Promise.all([
    readJson(source, 'scheduler/scheduler_config.json', signal),
    ...Object.keys(definition.networks).map(
      async (component) => [component, await readJson(source, `${component}/config.json`, signal)] as const,
    ),
  ]);
  const configs: Record<Component, unknown> = Object.fromEntries(parsed);
  const pipeline = definition.fromConfigs(configs);
  // a scheduler that cannot run is refused before weights are fetched
  schedulerFromConfig(schedulerClassName(scheduler), scheduler);
  const contents = await checkAdapters(adapters, definition.networks, pipeline, signal);
  const decoderConfig = await decoder?.text('config.json', signal);
  const used = (own: PipelineNetworks) => {
    const all = { networks: definition.networks, pipeline: own };
    return decoderConfig === undefined ? all : withDecoder(all, decoderConfig);
  };
  const { parameters } = used(pipeline).pipeline;
  const adapted = definition.fromConfigs(withAdapterConfigs(configs, contents));
  return { ...used(adapted), parameters, contents, scheduler };
}

async function readJson(source: CheckpointSource, path: string, signal?: AbortSignal): Promise<unknown> {
  return parsePythonJson(await source.text(path, signal), path);
}

/** An id beyond the embeddings would only fail inside a run, and only with a prompt that has it. */
function checkTokenIds({ largestId }: ClipTokenizer, { vocabularySize: size }: PipelineNetworks): void {
  if (largestId < size) return;
  throw new KinoraError(
    'invalid-checkpoint',
    `The tokenizer has a token with the id ${largestId}, but text_encoder vocab_size is ${size}, so ids end at ` +
      `${size - 1}: this tokenizer belongs to another text encoder.`,
  );
}
