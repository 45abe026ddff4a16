import { deleteDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { CheckpointStore, type Manifest } from '../storage';
import { needsConversion, planHalfPrecision, toHalfPrecision } from './half-precision';
import { type FileTensor, headerLength, parseHeader } from './safetensors';

const path = 'unet/weights.safetensors';

async function reference(name: string): Promise<{ file: Blob; tensors: FileTensor[] }> {
  const response = await fetch(`/reference/checkpoint-files/${name}.safetensors`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const header = bytes.subarray(8, 8 + headerLength(bytes, name));
  return { file: new Blob([bytes]), tensors: parseHeader(header, name) };
}

/** Converts a whole file, and reads one tensor of the result. */
async function convert(file: Blob, tensors: readonly FileTensor[], limit?: number) {
  const plan = planHalfPrecision(tensors, 'unet', limit);
  const blobs = await Promise.all(
    plan.sources.map((source) => toHalfPrecision(source, file.slice(source.begin, source.end), path)),
  );
  expect(blobs.map(({ size }) => size)).toEqual(plan.shards.map(({ begin, end }) => end - begin));
  const read = async (name: string) => {
    const { file: shard, offset = 0, byteLength = 0 } = plan.tensors.find((tensor) => tensor.name === name) ?? {};
    const blob = blobs[Number(shard?.replace('unet-', ''))];
    return new Uint8Array((await blob?.slice(offset, offset + byteLength).arrayBuffer()) ?? []);
  };
  return { plan, blobs, read };
}

function tensorsOf(...entries: [string, FileTensor['dtype'], number][]): FileTensor[] {
  const width = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I16: 2, I8: 1, U8: 1, BOOL: 1 };
  let end = 40;
  return entries.map(([name, dtype, elements]) => {
    const begin = end;
    end += elements * width[dtype];
    return { name, dtype, shape: [elements], begin, end };
  });
}

describe('toHalfPrecision', () => {
  it.each([undefined, 1000])("gives what PyTorch's .half() gives (shards of %s bytes)", async (limit) => {
    const { file, tensors } = await reference('rounding');
    const finite = tensors.filter(({ name }) => !name.startsWith('extreme'));
    const { read, plan } = await convert(file, finite, limit);
    expect(plan.shards).toHaveLength(limit ? 6 : 1);
    for (const name of ['float32', 'float64', 'bfloat16']) {
      const expected = finite.find((tensor) => tensor.name === `${name}.half`);
      const bytes = new Uint8Array(await file.slice(expected?.begin, expected?.end).arrayBuffer());
      expect(bytes.length).toBeGreaterThan(1000);
      expect(indexedDB.cmp(await read(name), bytes)).toBe(0);
      expect(indexedDB.cmp(await read(`${name}.half`), bytes)).toBe(0);
    }
  });

  it('leaves integers and halves as they are, and names what it makes', async () => {
    const { file, tensors: all } = await reference('types');
    // 65504 in bfloat16 is 65536
    const tensors = all.filter(({ name }) => name !== 'bfloat16');
    const kept = tensors.filter(({ dtype }) => !['F32', 'F64', 'BF16'].includes(dtype));
    expect(kept.map(({ dtype }) => dtype).sort()).toEqual(['BOOL', 'F16', 'I16', 'I32', 'I64', 'I8', 'U8']);
    const { read, plan } = await convert(file, tensors);
    for (const { name, begin, end } of kept) {
      expect(await read(name)).toEqual(new Uint8Array(await file.slice(begin, end).arrayBuffer()));
    }
    const changed = plan.tensors.filter(({ name }) => !kept.some((tensor) => tensor.name === name));
    expect(changed.map(({ dtype, byteLength }) => [dtype, byteLength]).sort()).toEqual([
      ['F16', 12],
      ['F16', 12],
      ['F16', 2],
    ]);
  });

  it('converts tensors that are longer than what is held in memory at a time', async () => {
    const elements = 700_001;
    const tensors = tensorsOf(['ids', 'I64', 3], ['long', 'F32', elements], ['after', 'F32', 1]);
    const values = Float32Array.from({ length: elements + 1 }, (_, i) => (i % 2048) - 1024);
    const { read } = await convert(new Blob([new Uint8Array(40 + 24), values]), tensors);
    const long = new Uint16Array((await read('long')).buffer);
    // 1.0 is 0x3c00, and every integer up to 2048 is a half
    expect([long[0], long[1025], long[700_000]]).toEqual([0xe400, 0x3c00, 0x60c0]);
    expect(new Set(long.subarray(0, 2048)).size).toBe(2048);
    expect([long.subarray(2048, 4096), long.subarray(524_288, 526_336)]).toEqual([
      long.subarray(0, 2048),
      long.subarray(0, 2048),
    ]);
    expect((await read('after')).length).toBe(2);
  });

  it.each([65_520, -1e38, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d, naming the tensor', async (value) => {
    const tensors = tensorsOf(['fine', 'F32', 1], ['out.weight', 'F64', 2]);
    const file = new Blob([new Uint8Array(40), new Float32Array([65_519]), new Float64Array([1, value])]);
    await expect(convert(file, tensors)).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid-checkpoint',
        message: expect.stringMatching(/weights\.safetensors.* out\.weight/),
      }),
    );
  });

  it('passes on why the bytes cannot be read', async () => {
    const broken = new Blob([new Uint8Array(48)]);
    broken.slice = () => {
      const part = new Blob();
      part.arrayBuffer = () => Promise.reject(new DOMException('changed', 'NotReadableError'));
      return part;
    };
    const source = { begin: 40, end: 48, tensors: tensorsOf(['a', 'F32', 2]) };
    await expect(toHalfPrecision(source, broken, path)).rejects.toThrow(
      expect.objectContaining({ name: 'NotReadableError' }),
    );
  });
});

it('is stored and found again', async () => {
  const name = `test-${crypto.randomUUID()}`;
  const store = new CheckpointStore(name);
  const { file, tensors } = await reference('state-dict');
  const { plan, blobs } = await convert(file, tensors, 200);
  const { shards, tensors: located } = plan;
  const manifest: Manifest = {
    checkpoint: 'model',
    component: 'unet',
    file: { path: 'unet/file', bytes: file.size },
    version: '1',
    shards,
    tensors: located,
  };
  expect(shards.length).toBeGreaterThan(1);
  for (const [index, shard] of shards.entries()) await store.putShard(manifest, shard, blobs[index] ?? new Blob());
  await store.commit(manifest);
  expect(await store.openShards(manifest)).toMatchObject({ blobs: blobs.map(({ size }) => ({ size })), lost: [] });
  await store.close();
  await deleteDB(name);
});

it('is needed for wide floats only', () => {
  expect(needsConversion(tensorsOf(['a', 'F16', 1], ['b', 'I64', 1], ['c', 'BOOL', 1]))).toBe(false);
  for (const dtype of ['F32', 'F64', 'BF16'] as const) {
    expect(needsConversion(tensorsOf(['a', 'F16', 1], ['b', dtype, 1]))).toBe(true);
  }
});
