import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TorchGenerator } from './random';

const reference = z
  .array(
    z.object({
      seed: z.string(),
      calls: z.array(
        z.object({ size: z.number(), indices: z.array(z.number()).optional(), values: z.array(z.number()) }),
      ),
    }),
  )
  .parse(JSON.parse(readFileSync('reference/random/randn.json', 'utf8')));

describe('TorchGenerator', () => {
  for (const [i, { seed, calls }] of reference.entries()) {
    it(`draws torch's numbers for seed ${seed} (run ${i})`, () => {
      const generator = new TorchGenerator(BigInt(seed));
      for (const { size, indices, values } of calls) {
        const drawn = generator.randn(size);
        expect(drawn).toHaveLength(size);
        expect(values).toHaveLength(indices?.length ?? size);
        for (const [j, value] of values.entries()) {
          const index = indices?.[j] ?? j;
          expect(Math.abs((drawn[index] ?? Number.NaN) - value), `value ${index} of ${size}`).toBeLessThanOrEqual(1e-6);
        }
      }
    });
  }

  it('takes numbers and bigints alike', () => {
    expect(new TorchGenerator(2 ** 53 - 1).randn(20)).toEqual(new TorchGenerator(2n ** 53n - 1n).randn(20));
    expect(new TorchGenerator(-1).randn(5)).toEqual(new TorchGenerator(-1n).randn(5));
  });

  it('refuses what is not an integer', () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => new TorchGenerator(seed)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    }
    for (const size of [-1, 1.5]) {
      expect(() => new TorchGenerator(0).randn(size)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    }
  });
});
