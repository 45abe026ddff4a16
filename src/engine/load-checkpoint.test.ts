import { describe, expect, it } from 'vitest';
import { shippedCheckpoint, shippedText } from '../../tests/shipped-checkpoint';
import { checkCheckpoint } from './load-checkpoint';

/** The shipped checkpoint with some keys of one of its configs changed. */
function changed(path: string, change: object) {
  const json: unknown = JSON.parse(shippedText(path));
  return checkCheckpoint(shippedCheckpoint({ [path]: JSON.stringify(Object.assign({}, json, change)) }));
}

function refusal(message: string) {
  return expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringContaining(message) });
}

it('takes what ships with the page', async () => {
  const { info, tokenizer } = await checkCheckpoint(shippedCheckpoint());
  expect(info).toMatchObject({ width: 128, height: 128, maxTokens: 77 });
  expect(tokenizer.largestId).toBe(49407);
});

describe('ids that the text encoder has no embedding for', () => {
  it('are refused, where the vocabulary has them', async () => {
    await expect(changed('tokenizer/vocab.json', { beyond: 49408 })).rejects.toThrow(refusal('id 49408'));
    await expect(changed('tokenizer/vocab.json', { beyond: 49406 })).resolves.toBeDefined();
  });

  it('are refused, where a token was added', async () => {
    const added = { added_tokens_decoder: { 49408: { content: '<more>' } } };
    await expect(changed('tokenizer/tokenizer_config.json', added)).rejects.toThrow(
      refusal('text_encoder vocab_size is 49408'),
    );
  });

  it('are refused before the tensors are read', async () => {
    await expect(changed('text_encoder/config.json', { vocab_size: 49000 })).rejects.toThrow(refusal('id 49407'));
  });
});

it('takes a UNet that pads nothing, which cannot halve a single latent', async () => {
  await expect(changed('unet/config.json', { downsample_padding: 0 })).resolves.toBeDefined();
});

it('finds tensors missing where a config asks for more layers than there are', async () => {
  await expect(changed('text_encoder/config.json', { num_hidden_layers: 128 })).rejects.toThrow(
    refusal('2016 missing: text_model.encoder.layers.2.layer_norm1.weight'),
  );
});

it('writes no causal mask to find out what is missing', async () => {
  await expect(changed('text_encoder/config.json', { max_position_embeddings: 1024 })).rejects.toThrow(
    refusal('position_embedding.weight is [77,32], not [1024,32]'),
  );
});

describe('a scheduler that does not run', () => {
  it.each([
    ['thresholding', { thresholding: true }],
    ['_class_name', { _class_name: 'FlowMatchEulerDiscreteScheduler' }],
    ['trained_betas', { trained_betas: [0.1, 0.2] }],
    ['prediction_type', { _class_name: 'EulerAncestralDiscreteScheduler', prediction_type: 'sample' }],
  ])('is refused for its %s before the tensors are read', async (key, change) => {
    const unreadable = { num_hidden_layers: 128 };
    const path = 'scheduler/scheduler_config.json';
    const json: unknown = JSON.parse(shippedText(path));
    const encoder: unknown = JSON.parse(shippedText('text_encoder/config.json'));
    const source = shippedCheckpoint({
      [path]: JSON.stringify(Object.assign({}, json, change)),
      'text_encoder/config.json': JSON.stringify(Object.assign({}, encoder, unreadable)),
    });
    await expect(checkCheckpoint(source)).rejects.toMatchObject({
      code: 'unsupported-config',
      message: expect.stringContaining(key),
    });
  });
});
