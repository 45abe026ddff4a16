/** CLIPTextModel. Source: transformers models/clip/modeling_clip.py; Radford et al., arXiv 2103.00020. */
import { z } from 'zod';
import { channelCount, layerCount, maxVocabulary, parseConfig, positiveInt } from '../config';
import { GraphBuilder, type NetworkGraph, type Scope, type Target, type Value } from '../graph/builder';
import { activation, causalMask, embedding, layerNorm, linear, plainAttention } from '../graph/layers';
import { anyTarget, type NetworkDefinition } from './definition';

/** CLIP has 77. The causal mask, a constant of the graph, has the square of their number: 4 MB for this many. */
const maxPositions = 1024;

const schema = z
  .object({
    model_type: z.literal('clip_text_model').optional(),
    vocab_size: positiveInt.max(maxVocabulary).default(49408),
    hidden_size: channelCount.default(512),
    intermediate_size: channelCount.default(2048),
    num_hidden_layers: layerCount.default(12),
    num_attention_heads: channelCount.default(8),
    max_position_embeddings: positiveInt.max(maxPositions).default(77),
    hidden_act: z.enum(['gelu', 'quick_gelu']).default('quick_gelu'),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    message: 'must divide hidden_size',
  });

export type ClipTextConfig = z.infer<typeof schema>;

/** @throws KinoraError `unsupported-config`, naming the key */
export const parseClipTextConfig = (json: unknown): ClipTextConfig =>
  parseConfig(schema, json, 'text_encoder/config.json');

/** CLIPEncoderLayer: causal self-attention, then an MLP, each added to its input. */
function encoderLayer(s: Scope, x: Value, config: ClipTextConfig, mask: Value): Value {
  const { hidden_size: hidden, layer_norm_eps: eps, num_attention_heads: heads } = config;
  const attn = s.at('self_attn');
  const normed = layerNorm(s.at('layer_norm1'), x, eps);
  const query = linear(attn.at('q_proj'), normed, hidden);
  const key = linear(attn.at('k_proj'), normed, hidden);
  const value = linear(attn.at('v_proj'), normed, hidden);
  const mixed = plainAttention(attn, query, key, value, heads, mask);
  const h = s.add(x, linear(attn.at('out_proj'), mixed, hidden));
  const mlp = s.at('mlp');
  const inner = linear(mlp.at('fc1'), layerNorm(s.at('layer_norm2'), h, eps), config.intermediate_size);
  return s.add(h, linear(mlp.at('fc2'), activation(mlp, inner, config.hidden_act), hidden));
}

/** Input: `input_ids` int32 [1, tokens]. Output: `last_hidden_state` [1, tokens, hidden_size], after the final layer norm. */
export function clipTextModel(config: ClipTextConfig, tokens: number, target: Target): NetworkGraph {
  const g = new GraphBuilder('CLIPTextModel', target);
  const { hidden_size: hidden, max_position_embeddings: positions } = config;
  const s = g.at('text_model');
  const ids = g.input('input_ids', 'int32', [1, tokens]);
  const embedded = embedding(s.at('embeddings.token_embedding'), ids, config.vocab_size, hidden);
  const rows = { first: 0, count: tokens };
  const position = s.parameter('embeddings.position_embedding.weight', [positions, hidden], { rows });
  let x = s.add(embedded, position);
  // shared by all layers: it has 4 MB for 1024 positions
  const mask = causalMask(s, tokens);
  for (let i = 0; i < config.num_hidden_layers; i++) x = encoderLayer(s.at('encoder.layers', i), x, config, mask);
  g.output('last_hidden_state', layerNorm(s.at('final_layer_norm'), x, config.layer_norm_eps));
  return g.finish();
}

/** Newer versions of transformers save the same tensors without the prefix. */
export const clipTextAliases: readonly (readonly [RegExp, string])[] = [[/^text_model\./, '']];

export const clipTextDefinition: NetworkDefinition<ClipTextConfig> = {
  className: 'CLIPTextModel',
  label: 'text encoder',
  weights: { safetensors: 'model', pytorch: 'pytorch_model' },
  aliases: clipTextAliases,
  parseConfig: parseClipTextConfig,
  parameters: (config) => clipTextModel(config, 1, anyTarget).parameters,
};
