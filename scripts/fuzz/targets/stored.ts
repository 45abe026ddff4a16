import { manifestSchema } from '../../../src/storage/manifest';
import { jsonLike } from '../inputs';
import { expect, target } from '../target';

const manifest = {
  checkpoint: 'https://a.example/model/',
  component: 'unet',
  file: { path: 'unet/model.safetensors', bytes: 136 },
  version: 'unet/model.safetensors 136 "etag"',
  shards: [
    { begin: 100, end: 112 },
    { begin: 112, end: 136 },
  ],
  tensors: [
    { name: 'a', dtype: 'F16', shape: [2, 3], file: 'unet-0', offset: 0, byteLength: 12 },
    { name: 'b', dtype: 'F32', shape: [2], file: 'unet-1', offset: 0, byteLength: 8 },
    { name: 'c', dtype: 'I64', shape: [2], file: 'unet-1', offset: 8, byteLength: 16 },
  ],
};

export const stored = [
  target('manifest', jsonLike(manifest), (text) => {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return;
    }
    const { data } = manifestSchema.safeParse(json);
    for (const tensor of data?.tensors ?? []) {
      const shard = data?.shards.find((_, index) => `${data.component}-${index}` === tensor.file);
      expect(
        shard !== undefined && tensor.offset + tensor.byteLength <= shard.end - shard.begin,
        `tensor ${tensor.name} lies inside of its shard`,
      );
    }
  }),
];
