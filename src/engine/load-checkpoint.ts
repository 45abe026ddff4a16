/** From a diffusers folder to everything that the pipeline needs of it: parsed configs, tokenizer, checked tensors, weights at hand. */
import { KinoraError, throwIfCancelled } from '../errors';
import { type LatentRgbFactors, latentRgbFactors } from './latent-preview';
import {
  type AutoencoderConfig,
  autoencoderAliases,
  autoencoderDecoder,
  autoencoderEncoder,
  parseAutoencoderConfig,
  vaeScaleFactor,
} from './networks/autoencoder-kl';
import { type ClipTextConfig, clipTextAliases, clipTextModel, parseClipTextConfig } from './networks/clip-text-model';
import {
  parseUNet3DConfig,
  smallestLatents,
  type UNet3DConfig,
  unet3DConditionModel,
} from './networks/unet-3d-condition-model';
import { schedulerClassName } from './schedulers';
import { type CheckpointSource, type Component, components, type Weights } from './source';
import { ClipTokenizer } from './tokenizer';
import type { CheckpointInfo, Progress } from './types';
import { type Aliases, checkTensors } from './weights';

/** Other names that the same tensors go by. */
export const aliases: Readonly<Record<Component, Aliases>> = {
  text_encoder: clipTextAliases,
  unet: [],
  vae: autoencoderAliases,
};

export interface CheckpointConfigs {
  textEncoder: ClipTextConfig;
  unet: UNet3DConfig;
  vae: AutoencoderConfig;
  /** As it lies in the file: each scheduler reads its own keys. */
  scheduler: unknown;
}

export interface TextToVideoCheckpoint {
  source: CheckpointSource;
  info: CheckpointInfo;
  configs: CheckpointConfigs;
  tokenizer: ClipTokenizer;
  previewFactors: LatentRgbFactors;
  weights: Readonly<Record<Component, Weights>>;
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
  const load = (component: Component) =>
    source.weights(component, {
      signal,
      onProgress: (done, total) => onProgress?.({ stage: 'fetch', component, done, total }),
    });
  const weights = { text_encoder: await load('text_encoder'), unet: await load('unet'), vae: await load('vae') };
  return { ...checked, weights };
}

/** Everything but the weights, of which the headers tell enough. Throws KinoraError where the networks cannot run the checkpoint. */
export async function checkCheckpoint(
  source: CheckpointSource,
  signal?: AbortSignal,
): Promise<Omit<TextToVideoCheckpoint, 'weights'>> {
  const configs = await readConfigs(source, signal);
  const { textEncoder, unet, vae, scheduler } = configs;
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
  for (const component of components) {
    const tensors = await source.tensors(component, signal);
    checkTensors(component, expectedTensors[component](configs), tensors, aliases[component]);
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
  const [textEncoder, unet, vae, scheduler] = await Promise.all([
    readJson(source, 'text_encoder/config.json', signal).then(parseClipTextConfig),
    readJson(source, 'unet/config.json', signal).then(parseUNet3DConfig),
    readJson(source, 'vae/config.json', signal).then(parseAutoencoderConfig),
    readJson(source, 'scheduler/scheduler_config.json', signal),
  ]);
  const configs = { textEncoder, unet, vae, scheduler };
  checkConfigs(configs);
  return configs;
}

async function readJson(source: CheckpointSource, path: string, signal?: AbortSignal): Promise<unknown> {
  const text = await source.text(path, signal);
  try {
    // Python writes infinities as JSON has no word for: 1e999 is one
    return JSON.parse(text.replace(/:(\s*-?)Infinity\b/g, ':$11e999'));
  } catch (cause) {
    throw new KinoraError(
      'invalid-checkpoint',
      `${path} is not JSON: it begins with ${JSON.stringify(text.slice(0, 40))}.`,
      { cause },
    );
  }
}

/** The networks must fit together. */
function checkConfigs({ textEncoder, unet, vae }: CheckpointConfigs): void {
  const mismatch = (key: string, value: number, other: string, expected: number) => {
    if (value !== expected) {
      throw new KinoraError(
        'invalid-checkpoint',
        `${key} is ${value}, but ${other} is ${expected}: these networks do not fit together.`,
      );
    }
  };
  mismatch('unet cross_attention_dim', unet.cross_attention_dim, 'text_encoder hidden_size', textEncoder.hidden_size);
  mismatch('unet in_channels', unet.in_channels, 'vae latent_channels', vae.latent_channels);
  mismatch('unet out_channels', unet.out_channels, 'vae latent_channels', vae.latent_channels);
  mismatch('vae out_channels', vae.out_channels, 'the number of colours', 3);
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

const smallest = { device: 'wasm', dtype: 'float32' } as const;

/** What each network reads does not depend on sizes or target, so the smallest graphs tell. */
const expectedTensors: Record<Component, (configs: CheckpointConfigs) => ReadonlyMap<string, readonly number[]>> = {
  text_encoder: ({ textEncoder }) => clipTextModel(textEncoder, 1, smallest).parameters,
  unet({ unet }) {
    const side = smallestLatents(unet);
    return unet3DConditionModel(unet, { prompts: 1, frames: 1, height: side, width: side, tokens: 1 }, smallest)
      .parameters;
  },
  vae({ vae }) {
    const scale = vaeScaleFactor(vae);
    return new Map([
      ...autoencoderEncoder(vae, { height: scale, width: scale }, smallest).parameters,
      ...autoencoderDecoder(vae, { height: 1, width: 1 }, smallest).parameters,
    ]);
  },
};
