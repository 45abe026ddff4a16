import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { z } from 'zod';
import { deviceNeeds } from '../../../src/engine/device-needs';
import { latentRgbFactors } from '../../../src/engine/latent-preview';
import { checkCheckpoint, readConfigs } from '../../../src/engine/load-checkpoint';
import { pipelineOf } from '../../../src/engine/pipelines';
import { decoderNetworks } from '../../../src/engine/pipelines/decoder';
import type { CheckpointSource } from '../../../src/engine/source';
import { modelIndex } from '../../../tests/server/synthetic';
import { shippedCheckpoint, shippedText } from '../../../tests/shipped-checkpoint';
import { jsonLike } from '../inputs';
import { accepted, expect, type Target, target } from '../target';

/** A small vocabulary: reading the whole one takes most of a second. */
const { vocab, merges } = z
  .object({ vocab: z.record(z.string(), z.number()), merges: z.string() })
  .parse(JSON.parse(readFileSync('reference/tokenizer/special-tokens.json', 'utf8')));
const small = {
  'tokenizer/vocab.json': JSON.stringify(vocab),
  'tokenizer/merges.txt': merges,
  'tokenizer/tokenizer_config.json': '{}',
  'tokenizer/special_tokens_map.json': '{}',
};

const parse = (text: string): unknown => JSON.parse(text);
const reference = (name: string) => parse(readFileSync(`reference/networks/${name}/config.json`, 'utf8'));

/** All that is done with a folder before its weights are fetched, and what is counted for the device. */
async function check(texts: Record<string, string>, decoder?: CheckpointSource): Promise<void> {
  const source = shippedCheckpoint({ ...small, ...texts });
  await accepted(() => checkCheckpoint(source, { decoder }));
  const { pipeline } = (await accepted(() => readConfigs(source, { decoder }))) ?? {};
  if (!pipeline) return;
  const side = pipeline.vaeScaleFactor * pipeline.smallestLatents;
  const { bytes, largest } = deviceNeeds(
    pipeline,
    { numFrames: 1, width: side, height: side },
    { device: 'wasm', dtype: 'float32' },
  );
  expect(Number.isFinite(bytes['keep-ready']) && largest.bytes > 0, 'what a device needs is a number');
}

/** One config of the shipped checkpoint changed. */
function config(component: string, ...others: string[]): Target {
  const path = `${component}/config.json`;
  const own = parse(shippedText(path));
  return target(`config of ${component}`, jsonLike(own, own, own, ...others.map(reference)), (text) =>
    check({ [path]: text }),
  );
}

const decoderConfig = parse(readFileSync('reference/decoder/config.json', 'utf8'));

/** A decoder without tensors: by then its config has passed. */
function decoderOf(text: string): CheckpointSource {
  return { ...shippedCheckpoint(), id: 'decoder', text: async () => text, tensors: async () => new Map() };
}

export const configs = [
  config('text_encoder', 'text-gelu', 'text-odd'),
  config('unet', 'unet-ms', 'unet-odd', 'unet-thin'),
  config('vae', 'vae-ms', 'vae-bare'),
  target(
    'config of a decoder',
    jsonLike(decoderConfig, decoderConfig, reference('tiny-sd'), reference('tiny-odd')),
    async (text) => {
      await accepted(() => decoderNetworks(text));
      await check({}, decoderOf(text));
    },
  ),
  target('latent_rgb_factors.json', jsonLike(parse(shippedText('vae/latent_rgb_factors.json'))), async (text) => {
    const factors = await accepted(() => latentRgbFactors(text, 8));
    expect(factors?.length === 9 || factors === undefined, 'there is a row for each channel and one more');
  }),
  target('model_index.json', fc.oneof(jsonLike(modelIndex), fc.string()), async (text) => {
    await accepted(() => pipelineOf(text));
  }),
];
