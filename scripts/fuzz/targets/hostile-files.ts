/** Small, carefully crafted files: each once took gigabytes, or minutes. */
import fc from 'fast-check';
import { readPyTorchFile } from '../../../src/checkpoint/pytorch-file';
import { parseHeader } from '../../../src/checkpoint/safetensors';
import { checkCheckpoint } from '../../../src/engine/load-checkpoint';
import { readComment } from '../../../src/media/mp4-comment';
import { shippedCheckpoint, shippedText } from '../../../tests/shipped-checkpoint';
import { bytes, join, op, tensorPickle, torchFile } from '../../../tests/torch-archive';
import { accepted, type Target, target } from '../target';
import { sourceOf } from './safetensors';

const put = (index: number) => bytes(0x71, index);
const get = (index: number) => bytes(0x68, index);
const times = (count: number, part: (index: number) => Uint8Array) =>
  join(...Array.from({ length: count }, (_, i) => part(i)));
const tupleOf = (count: number) =>
  join(
    op.mark,
    times(count, () => op.int(1)),
    op.tuple,
  );
const pickle = (...parts: Uint8Array[]) =>
  readPyTorchFile(sourceOf(torchFile(join(op.proto, ...parts, op.stop))), 'a.bin');

/** A list that holds values, which are made once and used by every call; then the calls themselves. */
const calls = (shared: Uint8Array, call: Uint8Array, count: number) =>
  pickle(
    bytes(0x5d),
    op.mark,
    shared,
    bytes(0x65),
    op.emptyDict,
    times(count, (i) => join(op.int(i), call, op.setItem)),
  );

function config(component: string, change: object) {
  const path = `${component}/config.json`;
  const json: unknown = JSON.parse(shippedText(path));
  return checkCheckpoint(shippedCheckpoint({ [path]: JSON.stringify(Object.assign({}, json, change)) }));
}

const tokens = (count: number, content: (index: number) => string) =>
  checkCheckpoint(
    shippedCheckpoint({
      'tokenizer/tokenizer_config.json': JSON.stringify({
        added_tokens_decoder: Object.fromEntries(Array.from({ length: count }, (_, i) => [i, { content: content(i) }])),
      }),
    }),
  );

const huge = 2 ** 31 - 1;
const brackets = (count: number) => '['.repeat(count) + ']'.repeat(count);
const rebuild = join(op.global('torch._utils', '_rebuild_tensor_v2'), put(1));
/** What `rebuild` takes. */
const tensorArguments = (shape: Uint8Array, strides: Uint8Array, more = new Uint8Array()) =>
  join(
    op.mark,
    join(
      op.mark,
      op.text('storage'),
      op.global('torch', 'FloatStorage'),
      op.text('0'),
      op.text('cpu'),
      op.int(6),
      op.tuple,
    ),
    op.persistentId,
    op.int(0),
    shape,
    strides,
    op.false,
    op.none,
    more,
    op.tuple,
    put(2),
  );
const call = join(get(1), get(2), op.reduce);

const hostile: Readonly<Record<string, () => Promise<unknown>>> = {
  'pickle: one long tuple of strides for thousands of tensors': () =>
    calls(join(rebuild, tensorArguments(tupleOf(1), tupleOf(5000))), call, 6000),
  'pickle: thousands of tensors of 16 axes': () =>
    calls(join(rebuild, tensorArguments(tupleOf(16), tupleOf(16))), call, 8000),
  'pickle: a key of lists in lists, each twice': () =>
    pickle(
      op.emptyDict,
      bytes(0x5d),
      put(0),
      times(40, (i) => join(get(i), bytes(0x86), put(i + 1))),
      op.int(1),
      op.setItem,
    ),
  'pickle: a long tuple of arguments for thousands of calls': () =>
    calls(
      join(
        rebuild,
        tensorArguments(
          tupleOf(1),
          tupleOf(1),
          times(10_000, () => op.int(1)),
        ),
      ),
      call,
      4000,
    ),
  'pickle: a long tuple as the id of thousands of storages': () =>
    calls(join(tupleOf(10_000), put(2)), join(get(2), op.persistentId), 4000),
  'pickle: a hundred thousand dicts': () =>
    pickle(
      bytes(0x5d),
      times(10, () =>
        join(
          op.mark,
          times(10_000, () => op.emptyDict),
          bytes(0x65),
        ),
      ),
    ),
  'pickle: a tensor with a name of 90 KB': () =>
    pickle(op.emptyDict, op.text('x'.repeat(90_000)), tensorPickle({ elements: 7, shape: [7] }), op.setItem),
  'text encoder: 2147483647 layers': () => config('text_encoder', { num_hidden_layers: huge }),
  'text encoder: 128 layers': () => config('text_encoder', { num_hidden_layers: 128 }),
  'text encoder: 23000 positions': () => config('text_encoder', { max_position_embeddings: 23_000 }),
  'text encoder: 100000 positions': () => config('text_encoder', { max_position_embeddings: 100_000 }),
  'text encoder: 1024 positions in 128 layers': () =>
    config('text_encoder', { max_position_embeddings: 1024, num_hidden_layers: 128 }),
  'UNet: 2147483647 layers in a block': () => config('unet', { layers_per_block: huge }),
  'UNet: 16 layers in a block': () => config('unet', { layers_per_block: 16 }),
  'UNet: 50000 blocks': () =>
    config('unet', {
      block_out_channels: Array(50_000).fill(32),
      down_block_types: Array(50_000).fill('DownBlock3D'),
      up_block_types: Array(50_000).fill('UpBlock3D'),
    }),
  'UNet: 65536 groups': () => config('unet', { block_out_channels: [65_536, 65_536], norm_num_groups: 65_536 }),
  'VAE: 2147483647 layers in a block': () => config('vae', { layers_per_block: huge }),
  'VAE: 2147483647 latent channels': () => config('vae', { latent_channels: huge }),
  'a config of brackets': () => config('unet', { sample_size: JSON.parse(brackets(1000)) }),
  'scheduler: 100000 timesteps': () =>
    checkCheckpoint(shippedCheckpoint({ 'scheduler/scheduler_config.json': '{"num_train_timesteps":100000}' })),
  'tokenizer: a token of 100 KB': () => tokens(1, () => 'x'.repeat(100_000)),
  'tokenizer: 5000 tokens': () => tokens(5000, (i) => `<${i}>`),
  'tokenizer: ids far apart': () =>
    checkCheckpoint(
      shippedCheckpoint({
        'tokenizer/vocab.json': JSON.stringify(
          Object.fromEntries(Array.from({ length: 8000 }, (_, i) => [`${i}x`, i * 1000])),
        ),
      }),
    ),
  'safetensors: a dtype of brackets': async () =>
    parseHeader(new TextEncoder().encode(`{"a":{"dtype":${brackets(50_000)},"shape":[1],"data_offsets":[0,4]}}`), 'a'),
  'safetensors: 30000 entries of nothing': async () =>
    parseHeader(new TextEncoder().encode(`{${Array.from({ length: 12_000 }, (_, i) => `"${i}":0`).join()}}`), 'a'),
  'mp4: 12500 empty boxes': () =>
    readComment(new Blob([times(12_500, () => join(bytes(0, 0, 0, 8), bytes(0x66, 0x72, 0x65, 0x65)))])),
};

export const hostileFiles: readonly Target[] = Object.entries(hostile).map(([name, read]) =>
  target(name, fc.constant(name), async () => {
    await accepted(read);
  }),
);
