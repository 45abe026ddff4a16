/** From a diffusers folder to everything that the pipeline needs of it: parsed configs, tokenizer, checked tensors, weights at hand. */
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { type LatentRgbFactors, latentRgbFactors } from './latent-preview';
import { vaeScaleFactor } from './networks/autoencoder-kl';
import type { ClipTextConfig } from './networks/clip-text-model';
import type { NetworkParts } from './networks-on-device';
import { type TextToVideoConfigs, textToVideoSD } from './pipelines/text-to-video-sd';
import { schedulerClassName, schedulerFromConfig } from './schedulers';
import { type CheckpointSource, type Component, components } from './source';
import { ClipTokenizer } from './tokenizer';
import type { CheckpointInfo, Progress } from './types';
import { checkTensors } from './weights';

const { networks } = textToVideoSD;

export interface CheckpointConfigs extends TextToVideoConfigs {
  /** As it lies in the file: each scheduler reads its own keys. */
  scheduler: unknown;
}

export interface TextToVideoCheckpoint {
  source: CheckpointSource;
  info: CheckpointInfo;
  configs: CheckpointConfigs;
  tokenizer: ClipTokenizer;
  previewFactors: LatentRgbFactors;
  /** By component. */
  parts: NetworkParts;
}

export interface LoadCheckpointOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** Throws KinoraError before any weight is fetched where the checkpoint is not one that the networks can run. */
export async function loadCheckpoint(
  source: CheckpointSource,
  { onProgress, signal }: LoadCheckpointOptions,
): Promise<TextToVideoCheckpoint> {
  onProgress?.({ stage: 'open', done: 0, total: 1 });
  const checked = await checkCheckpoint(source, signal);
  const parts: Record<string, NetworkParts[string]> = {};
  for (const component of components) {
    const weights = await source.weights(component, {
      signal,
      onProgress: (done, total) => onProgress?.({ stage: 'fetch', component, done, total }),
    });
    parts[component] = { weights, aliases: networks[component].aliases };
  }
  return { ...checked, parts };
}

/** Everything but the weights, of which the headers tell enough. Throws KinoraError where the networks cannot run the checkpoint. */
export async function checkCheckpoint(
  source: CheckpointSource,
  signal?: AbortSignal,
): Promise<Omit<TextToVideoCheckpoint, 'parts'>> {
  const configs = await readConfigs(source, signal);
  const { text_encoder: textEncoder, unet, vae, scheduler } = configs;
  const [vocab, merges, tokenizerConfig, specialTokensMap, factors] = await Promise.all([
    source.text('tokenizer/vocab.json', signal),
    source.text('tokenizer/merges.txt', signal),
    source.optionalText('tokenizer/tokenizer_config.json', signal),
    source.optionalText('tokenizer/special_tokens_map.json', signal),
    source.optionalText('vae/latent_rgb_factors.json', signal),
  ]);
  const maxTokens = textEncoder.max_position_embeddings;
  const tokenizer = ClipTokenizer.fromFiles({ vocab, merges, tokenizerConfig, specialTokensMap }, maxTokens);
  checkTokenIds(tokenizer, textEncoder);
  // the smallest graphs are written one by one: the first network that does not fit ends it
  const expected = {
    text_encoder: () => networks.text_encoder.parameters(textEncoder),
    unet: () => networks.unet.parameters(unet),
    vae: () => networks.vae.parameters(vae),
  };
  for (const component of components) {
    const tensors = await source.tensors(component, signal);
    checkTensors(component, expected[component](), tensors, networks[component].aliases);
    throwIfCancelled(signal);
  }
  const scale = vaeScaleFactor(vae);
  const sample = unet.sample_size ?? 32;
  const [height, width] = typeof sample === 'number' ? [sample, sample] : sample;
  const info: CheckpointInfo = {
    id: source.id,
    height: height * scale,
    width: width * scale,
    vaeScaleFactor: scale,
    latentChannels: vae.latent_channels,
    maxTokens,
    scheduler: schedulerClassName(scheduler),
  };
  return { source, info, configs, tokenizer, previewFactors: latentRgbFactors(factors, vae.latent_channels) };
}

/** Throws KinoraError `unsupported-config` or `invalid-checkpoint`. Reads nothing but the configs. */
export async function readConfigs(source: CheckpointSource, signal?: AbortSignal): Promise<CheckpointConfigs> {
  const config = (component: Component) => readJson(source, `${component}/config.json`, signal);
  const [text_encoder, unet, vae, scheduler] = await Promise.all([
    config('text_encoder').then(networks.text_encoder.parseConfig),
    config('unet').then(networks.unet.parseConfig),
    config('vae').then(networks.vae.parseConfig),
    readJson(source, 'scheduler/scheduler_config.json', signal),
  ]);
  const configs = { text_encoder, unet, vae, scheduler };
  textToVideoSD.checkFit(configs);
  // one that cannot run is refused before weights are fetched
  schedulerFromConfig(schedulerClassName(scheduler), scheduler);
  return configs;
}

async function readJson(source: CheckpointSource, path: string, signal?: AbortSignal): Promise<unknown> {
  return parsePythonJson(await source.text(path, signal), path);
}

/** An id beyond the embeddings would only fail inside a run, and only with a prompt that has it. */
function checkTokenIds({ largestId }: ClipTokenizer, { vocab_size: size }: ClipTextConfig): void {
  if (largestId < size) return;
  throw new KinoraError(
    'invalid-checkpoint',
    `The tokenizer has a token with the id ${largestId}, but text_encoder vocab_size is ${size}, so ids end at ` +
      `${size - 1}: this tokenizer belongs to another text encoder.`,
  );
}
