/**
 * Weight files in float32, float64 or bfloat16 are stored in half precision: that is what the page computes in, and it takes half
 * the disk space. The numbers are those of torch's .half(), which is what the hub's own fp16 files were made with.
 */

import { elementType, isFloatDtype } from '../shared/dtypes';
import { KinoraError } from '../shared/errors';
import { float32ToFloat16, toFloat32 } from '../shared/float16';
import { shortened } from '../shared/quote';
import { type Manifest, shardName } from '../storage';
import type { FileTensor } from './safetensors';
import { planShards } from './shards';

/** Bytes that are read and converted at a time. */
const pieceBytes = 1024 * 1024;

/** What one stored shard is made of: the tensors in the bytes `[begin, end)` of the weight file. */
export interface ShardSource {
  readonly begin: number;
  readonly end: number;
  readonly tensors: readonly FileTensor[];
}

export interface HalfPrecisionPlan extends Pick<Manifest, 'shards' | 'tensors'> {
  /** One per shard; the ranges in `shards` are those of the converted file. */
  readonly sources: readonly ShardSource[];
}

/** Whether any tensor has to be converted. */
export function needsConversion(tensors: readonly FileTensor[]): boolean {
  return tensors.some(isConverted);
}

/**
 * Like `planShards`, for a file that is converted on its way into the store. Needs no weights yet.
 * @param tensors in the order of their bytes
 * @param component names the shards
 * @param limit bytes of a shard in the weight file
 */
export function planHalfPrecision(
  tensors: readonly FileTensor[],
  component: string,
  limit?: number,
): HalfPrecisionPlan {
  let next = 0;
  const sources = planShards(tensors, component, limit).shards.map(({ begin, end }) => {
    const first = next;
    while ((tensors[next]?.end ?? Number.POSITIVE_INFINITY) <= end) next++;
    return { begin, end, tensors: tensors.slice(first, next) };
  });
  const located: Manifest['tensors'] = [];
  let end = 0;
  const shards = sources.map((source, index) => {
    const begin = end;
    const file = shardName(component, index);
    for (const tensor of source.tensors) {
      const { name, dtype, shape } = tensor;
      const converted = isConverted(tensor);
      const bytes = tensor.end - tensor.begin;
      const byteLength = converted ? (bytes / elementType(dtype).bytes) * elementType('F16').bytes : bytes;
      located.push({
        name,
        dtype: converted ? 'F16' : dtype,
        shape,
        file,
        offset: end - begin,
        byteLength,
      });
      end += byteLength;
    }
    return { begin, end };
  });
  return { shards, tensors: located, sources };
}

/**
 * Converts one shard, piece by piece; tensors that need no conversion are copied. Measured in Chromium 156 with 4.7 GB of float32
 * in shards of 64 MiB, four at a time, stored in IndexedDB: 3 MB of JavaScript heap and at most 99 MB in ArrayBuffers, most of
 * them waiting for the garbage collector.
 * @param blob the bytes of `source`
 * @param path of the weight file, for messages
 * @returns the tensors of `source`, one after the other
 * @throws KinoraError `invalid-checkpoint` for a tensor that half precision cannot hold: beyond 65504 .half() would give
 *   infinity, and a video made with it nothing but NaN; whatever reading `blob` throws
 */
export async function toHalfPrecision(source: ShardSource, blob: Blob, path: string): Promise<Blob> {
  const pieces = convertedPieces(source, blob, path);
  let failure: unknown;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        failure = error;
        controller.error(error);
      }
    },
  });
  try {
    // not `new Blob(pieces)`: see readBody
    return await new Response(stream).blob();
  } catch (error) {
    throw failure ?? error;
  }
}

async function* convertedPieces(
  source: ShardSource,
  blob: Blob,
  path: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (const tensor of source.tensors) {
    const { name, dtype } = tensor;
    for (let at = tensor.begin; at < tensor.end; at += pieceBytes) {
      const pieceEnd = Math.min(at + pieceBytes, tensor.end);
      const bytes = await blob.slice(at - source.begin, pieceEnd - source.begin).arrayBuffer();
      if (dtype === 'F16' || !isFloatDtype(dtype)) {
        yield new Uint8Array(bytes);
        continue;
      }
      const halves = float32ToFloat16(toFloat32(bytes, dtype));
      if (halves.some((half) => (half & 0x7c00) === 0x7c00)) {
        throw new KinoraError(
          'invalid-checkpoint',
          `${path}: tensor ${shortened(name)} holds numbers that half precision cannot represent: beyond 65504, infinite or NaN.`,
        );
      }
      // the garbage collector would let these pieces pile up: 165 MB instead of 99 in the measurement above
      bytes.transfer(0);
      yield new Uint8Array(halves.buffer);
    }
  }
}

function isConverted({ dtype }: FileTensor): boolean {
  return isFloatDtype(dtype) && dtype !== 'F16';
}
