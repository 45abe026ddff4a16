import { describe, expect, it } from 'vitest';
import type { AdapterTable, TensorSpec } from '../../source';
import type { AdaptableNetworks, Module } from '../definition';
import { readAdapter } from '.';

const modulesOf = (shapes: Record<string, number[]>) =>
  new Map<string, Module>(Object.entries(shapes).map(([name, shape]) => [name, { name, shape }]));

const text = modulesOf({ 'text_model.encoder.layers.0.self_attn.q_proj': [6, 6] });
// as transformers 5 names it
const [query] = text.values();
if (query) text.set('encoder.layers.0.self_attn.q_proj', query);

/** A UNet of one module of each kind, in another order than PyTorch's. */
const networks: AdaptableNetworks = {
  modules: {
    text_encoder: text,
    unet: modulesOf({
      'mid_block.temp_convs.0.conv4.3': [8, 8, 3, 1, 1],
      'time_embedding.linear_2': [12, 12],
      'time_embedding.linear_1': [12, 4],
      'up_blocks.0.attentions.0.proj_in': [8, 8],
      conv_in: [8, 4, 3, 3],
    }),
  },
  registration: {
    unet: ['conv_in', 'time_embedding', 'linear_1', 'cond_proj', 'linear_2', 'up_blocks', 'mid_block'],
    text_encoder: [],
  },
};

type Shapes = Record<string, number[]>;

function table(shapes: Shapes, more: Partial<AdapterTable> = {}): AdapterTable {
  const tensors = new Map<string, TensorSpec>(
    Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F16', shape }]),
  );
  return { path: 'lora.safetensors', tensors, metadata: new Map(), config: undefined, ...more };
}

const read = (shapes: Shapes, more?: Partial<AdapterTable>) => readAdapter(table(shapes, more), networks);

const convIn = { A: [2, 4, 3, 3], B: [8, 2, 1, 1] };
const peftShapes = {
  'base_model.model.conv_in.lora_A.weight': convIn.A,
  'base_model.model.conv_in.lora_B.weight': convIn.B,
  'base_model.model.time_embedding.linear_1.lora_A.weight': [2, 4],
  'base_model.model.time_embedding.linear_1.lora_B.weight': [12, 2],
};
const peft = (config: object, shapes: Shapes = peftShapes) =>
  read(shapes, { config: JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 4, ...config }) });
const scales = ({ pairs }: ReturnType<typeof read>) => pairs.map(({ scale }) => scale);

describe('peft', () => {
  it('has alpha and rank in its config', () => {
    expect(peft({}).pairs[0]).toEqual({
      ...{ component: 'unet', module: 'conv_in', rank: 2, scale: 2 },
      up: 'base_model.model.conv_in.lora_B.weight',
      down: 'base_model.model.conv_in.lora_A.weight',
    });
  });

  it.each([
    ['rsLoRA', { use_rslora: true }, [4 / Math.SQRT2, 4 / Math.SQRT2]],
    ['the defaults', { lora_alpha: undefined }, [4, 4]],
    ['a whole name', { alpha_pattern: { conv_in: 6 } }, [3, 2]],
    ['the end of a name', { alpha_pattern: { linear_1: 6 } }, [2, 3]],
    ['only the beginning with ^', { alpha_pattern: { '^linear_1': 6, '^conv_in': 1 } }, [0.5, 2]],
    ['the first that fits', { alpha_pattern: { 'time_embedding.linear_1': 1, linear_1: 6 } }, [2, 0.5]],
    ['what is no end from a dot on', { alpha_pattern: { near_1: 6, in: 6 } }, [2, 2]],
    ['Python’s nothing', { modules_to_save: null, use_dora: false, layer_replication: [] }, [2, 2]],
    ['an init that leaves the base as it is', { init_lora_weights: 'gaussian' }, [2, 2]],
  ])('scale with %s', (_, config, expected) => expect(scales(peft(config))).toEqual(expected));

  it('is of the network that knows its modules, by each of their names', () => {
    const shapes = { A: [2, 6], B: [6, 2] };
    for (const name of ['text_model.encoder', 'encoder']) {
      const module = `base_model.model.${name}.layers.0.self_attn.q_proj`;
      const { pairs } = peft({}, { [`${module}.lora_A.weight`]: shapes.A, [`${module}.lora_B.weight`]: shapes.B });
      expect(pairs).toMatchObject([
        { component: 'text_encoder', module: 'text_model.encoder.layers.0.self_attn.q_proj' },
      ]);
    }
  });

  it.each([
    ['DoRA', { use_dora: true }, /use_dora asks for DoRA/],
    ['what peft may learn', { use_magic: true }, /use_magic asks for something/],
    ['biases', { bias: 'all' }, /bias is "all"/],
    ['whole modules', { modules_to_save: ['conv_out'] }, /modules_to_save asks for whole modules/],
    ['a base that is changed too', { init_lora_weights: 'pissa_niter_4' }, /init_lora_weights is "pissa_niter_4"/],
    ['LoHa', { peft_type: 'LOHA' }, /of the type LOHA/],
    ['expressions', { alpha_pattern: { '(a+)+': 1 } }, /alpha_pattern has "\(a\+\)\+"/],
    [
      'a pattern of no numbers',
      { alpha_pattern: { conv_in: 'x' } },
      /alpha_pattern has x for conv_in|alpha_pattern has "x"/,
    ],
    ['a rank of zero', { r: 0 }, /: r: /],
  ])('refuses %s', (_, config, message) => {
    expect(() => peft(config)).toThrow(
      expect.objectContaining({ code: 'unsupported-config', message: expect.stringMatching(message) }),
    );
  });

  it('needs its config', () => {
    expect(() => read(peftShapes)).toThrow(/no adapter_config\.json beside it/);
    expect(() => read(peftShapes, { config: '{' })).toThrow(/adapter_config\.json is not valid JSON/);
  });

  it('has the ranks of its config', () => {
    expect(() => peft({ rank_pattern: { linear_1: 3 } })).toThrow(
      /linear_1\.lora_A\.weight has rank 2, where .* says 3/,
    );
    expect(() => peft({ rank_pattern: { conv_in: 2 } })).not.toThrow();
  });
});

describe.each([
  ['lora_A', 'lora_B'],
  ['lora.down', 'lora.up'],
  ['lora_down', 'lora_up'],
])('diffusers with %s and %s', (down, up) => {
  const shapes = {
    [`unet.conv_in.${down}.weight`]: convIn.A,
    [`unet.conv_in.${up}.weight`]: convIn.B,
    [`text_encoder.text_model.encoder.layers.0.self_attn.q_proj.${down}.weight`]: [3, 6],
    [`text_encoder.text_model.encoder.layers.0.self_attn.q_proj.${up}.weight`]: [6, 3],
  };

  it('has a scale of 1', () => {
    const { pairs } = read(shapes);
    expect(pairs.map(({ component, rank, scale }) => [component, rank, scale])).toEqual([
      ['unet', 2, 1],
      ['text_encoder', 3, 1],
    ]);
  });

  it('or an alpha of its own', () => {
    expect(scales(read({ ...shapes, 'unet.conv_in.alpha': [] }))).toEqual([{ alpha: 'unet.conv_in.alpha' }, 1]);
  });

  it('or peft’s in its metadata', () => {
    const metadata = { 'unet.r': 2, 'unet.lora_alpha': 8, 'unet.use_dora': false };
    const packed = new Map([['lora_adapter_metadata', JSON.stringify(metadata)]]);
    expect(scales(read(shapes, { metadata: packed }))).toEqual([4, 1]);
    const dora = new Map([['lora_adapter_metadata', JSON.stringify({ ...metadata, 'unet.use_dora': true })]]);
    expect(() => read(shapes, { metadata: dora })).toThrow(/lora_adapter_metadata of unet: use_dora asks for DoRA/);
  });
});

describe('kohya', () => {
  const shapes = {
    'lora_unet_conv_in.lora_down.weight': convIn.A,
    'lora_unet_conv_in.lora_up.weight': convIn.B,
    'lora_unet_conv_in.alpha': [],
    'lora_unet_up_blocks_0_attentions_0_proj_in.lora_down.weight': [2, 8, 1, 1],
    'lora_unet_up_blocks_0_attentions_0_proj_in.lora_up.weight': [8, 2, 1, 1],
    'lora_unet_mid_block_temp_convs_0_conv4_3.lora_down.weight': [2, 8, 3, 1, 1],
    'lora_unet_mid_block_temp_convs_0_conv4_3.lora_up.weight': [8, 2, 1, 1, 1],
    'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight': [1, 6],
    'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight': [6, 1],
  };

  it('has underscores for dots; a 1×1 convolution may be a matrix', () => {
    expect(read(shapes).pairs.map(({ component, module, scale }) => [component, module, scale])).toEqual([
      ['unet', 'conv_in', { alpha: 'lora_unet_conv_in.alpha' }],
      ['unet', 'up_blocks.0.attentions.0.proj_in', 1],
      ['unet', 'mid_block.temp_convs.0.conv4.3', 1],
      ['text_encoder', 'text_model.encoder.layers.0.self_attn.q_proj', 1],
    ]);
  });

  it.each([
    ['lora_unet_conv_in.hada_w1_a', /holds LoHa \(lora_unet_conv_in\.hada_w1_a\)/],
    ['lora_unet_conv_in.lokr_w1', /holds LoKr/],
    ['lora_unet_conv_in.dora_scale', /holds DoRA/],
    ['lora_unet_conv_in.lora_mid.weight', /holds LoCon with a core/],
    ['lora_unet_conv_in.diff', /holds a full difference/],
    ['lora_unet_conv_in.lora_B.bias', /holds trained biases/],
  ])('refuses %s by name', (tensor, message) => {
    expect(() => read({ ...shapes, [tensor]: [1] })).toThrow(
      expect.objectContaining({ code: 'unsupported-config', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    [
      'a module of another network',
      { 'lora_unet_conv_out.lora_down.weight': [2, 8, 3, 3] },
      /tensor lora_unet_conv_out\.lora_down\.weight belongs to no module/,
    ],
    [
      'an ending that means nothing',
      { 'lora_unet_conv_in.weight': [1] },
      /lora_unet_conv_in\.weight belongs to no module/,
    ],
    [
      'another width',
      { 'lora_unet_conv_in.lora_down.weight': [2, 5, 3, 3] },
      /lora_down\.weight is \[2,5,3,3\], where unet's conv_in with its weight \[8,4,3,3\] needs \[2,4,3,3\]/,
    ],
    ['another kernel', { 'lora_unet_conv_in.lora_down.weight': [2, 4, 1, 1] }, /lora_down\.weight is \[2,4,1,1\]/],
    [
      'another rank',
      { 'lora_unet_conv_in.lora_up.weight': [8, 3, 1, 1] },
      /lora_up\.weight is \[8,3,1,1\], .* needs \[8,2\]/,
    ],
    ['an alpha of several numbers', { 'lora_unet_conv_in.alpha': [2] }, /alpha is not one number/],
    ['two tensors for one part', { 'lora_unet_conv_in.lora_A.weight': convIn.A }, /is there twice/],
    [
      'two names of one module',
      {
        'lora_te_encoder_layers_0_self_attn_q_proj.lora_down.weight': [1, 6],
        'lora_te_encoder_layers_0_self_attn_q_proj.lora_up.weight': [6, 1],
      },
      /is for a module that another tensor is for too/,
    ],
  ])('names the tensor of %s', (_, change: Shapes, message) => {
    expect(() => read({ ...shapes, ...change })).toThrow(
      expect.objectContaining({ code: 'invalid-checkpoint', message: expect.stringMatching(message) }),
    );
  });

  it('names a tensor without its counterpart, and one of integers', () => {
    const { 'lora_unet_conv_in.lora_up.weight': _, ...half } = shapes;
    expect(() => read(half)).toThrow(/lora_unet_conv_in\.lora_down\.weight has no counterpart/);
    const integers = table(shapes);
    const tensors = new Map([...integers.tensors].map(([name, { shape }]) => [name, { shape, dtype: 'I32' } as const]));
    expect(() => readAdapter({ ...integers, tensors }, networks)).toThrow(/is I32, which is no floating-point type/);
  });
});

describe('T2V-Turbo', () => {
  const shapes = [
    ...[
      [8, 2, 1, 1],
      [2, 4, 3, 3],
    ],
    ...[
      [12, 2],
      [2, 4],
    ],
    // the guidance's embedding, of which the network knows nothing
    ...[
      [4, 2],
      [2, 16],
    ],
    ...[
      [12, 2],
      [2, 12],
    ],
    ...[
      [8, 2],
      [2, 8],
    ],
    ...[
      [8, 2, 1, 1, 1],
      [2, 8, 3, 1, 1],
    ],
  ];
  const list = (of: readonly number[][]) => read(Object.fromEntries(of.map((shape, index) => [index, shape])));

  it('has PyTorch’s order for names', () => {
    const { pairs, configs } = list(shapes);
    expect(pairs.map(({ module, up, down, scale }) => [module, up, down, scale])).toEqual([
      ['conv_in', '0', '1', 1],
      ['time_embedding.linear_1', '2', '3', 1],
      ['time_embedding.cond_proj', '4', '5', 1],
      ['time_embedding.linear_2', '6', '7', 1],
      ['up_blocks.0.attentions.0.proj_in', '8', '9', 1],
      ['mid_block.temp_convs.0.conv4.3', '10', '11', 1],
    ]);
    expect(configs).toEqual({ unet: { time_cond_proj_dim: 16 } });
  });

  it.each([
    ['is too short', shapes.slice(0, -2), /there is no tensor 10/],
    ['is too long', [...shapes, [1, 1], [1, 1]], /it has 14 tensors, where 6 modules need 12/],
    ['has another order', [...shapes.slice(2), ...shapes.slice(0, 2)], /tensor 1 is \[2,4\], where unet's conv_in/],
  ])('is refused where it %s', (_, of, message) => expect(() => list(of)).toThrow(message));
});

it('says of what it does not know which layouts there are', () => {
  expect(() => read({ 'model.diffusion_model.conv_in.weight': [1] })).toThrow(
    /lora\.safetensors is not a LoRA adapter in the layout of peft, diffusers, kohya, T2V-Turbo: its first tensor is model\.diffusion_model/,
  );
});
