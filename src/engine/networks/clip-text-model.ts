/** CLIPTextModel. Source: transformers models/clip/modeling_clip.py; Radford et al., arXiv 2103.00020. */
import { z } from 'zod';
import { parseConfig, positiveInt } from '../config';
import { GraphBuilder, type NetworkGraph, type Target } from '../graph/builder';
import { activation, layerNorm, linear, plainAttention } from '../graph/layers';

const schema = z
  .object({
    model_type: z.literal('clip_text_model').optional(),
    vocab_size: positiveInt.default(49408),
    hidden_size: positiveInt.default(512),
    intermediate_size: positiveInt.default(2048),
    num_hidden_layers: positiveInt.default(12),
    num_attention_heads: positiveInt.default(8),
    max_position_embeddings: positiveInt.default(77),
    hidden_act: z.enum(['gelu', 'quick_gelu']).default('quick_gelu'),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    message: 'must divide hidden_size',
  });

export type ClipTextConfig = z.infer<typeof schema>;

/** Throws KinoraError `unsupported-config`, naming the key. */
export const parseClipTextConfig = (json: unknown): ClipTextConfig =>
  parseConfig(schema, json, 'text_encoder/config.json');

/** Input: `input_ids` int32 [1, tokens]. Output: `last_hidden_state` [1, tokens, hidden_size], after the final layer norm. */
export function clipTextModel(config: ClipTextConfig, tokens: number, target: Target): NetworkGraph {
  const g = new GraphBuilder('CLIPTextModel', target);
  const { hidden_size: hidden, layer_norm_eps: eps, max_position_embeddings: positions } = config;
  const ids = g.input('input_ids', 'int32', [1, tokens]);
  const table = g.parameter('text_model.embeddings.token_embedding.weight', [config.vocab_size, hidden]);
  const embedded = g.node('Gather', [table, ids], [1, tokens, hidden], { axis: 0 });
  const position = g.parameter('text_model.embeddings.position_embedding.weight', [positions, hidden], {
    rows: { first: 0, count: tokens },
  });
  let x = g.add(embedded, position);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `text_model.encoder.layers.${i}`;
    const normed = layerNorm(g, x, `${layer}.layer_norm1`, eps);
    const project = (to: string) => linear(g, normed, `${layer}.self_attn.${to}`, hidden);
    const mixed = plainAttention(
      g,
      project('q_proj'),
      project('k_proj'),
      project('v_proj'),
      config.num_attention_heads,
      { causal: true },
    );
    x = g.add(x, linear(g, mixed, `${layer}.self_attn.out_proj`, hidden));
    const inner = linear(g, layerNorm(g, x, `${layer}.layer_norm2`, eps), `${layer}.mlp.fc1`, config.intermediate_size);
    x = g.add(x, linear(g, activation(g, inner, config.hidden_act), `${layer}.mlp.fc2`, hidden));
  }
  g.output('last_hidden_state', layerNorm(g, x, 'text_model.final_layer_norm', eps));
  return g.finish();
}

/** transformers 5 saves the same tensors without the prefix. */
export const clipTextAliases: readonly (readonly [RegExp, string])[] = [[/^text_model\./, '']];
