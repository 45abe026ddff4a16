import { expect, test } from 'vitest';
import { fillWeights } from './synthetic';

/** First bits and the sum of all bits, as numpy's definition of these weights gives them. */
const expected = [
  { name: 'conv_in.weight', shape: [320, 4, 3, 3], first: [0x319e, 0x344d, 0xb1df, 0xad1d], sum: 323998744 },
  { name: 'conv_in.bias', shape: [320], first: [0xa9b0, 0xa47d, 0xa605, 0x1f9f], sum: 8283525 },
  { name: 'conv_norm_out.weight', shape: [320], first: [0x3c05, 0x3c22, 0x3c1c, 0x3b35], sum: 4907327 },
  {
    name: 'mid_block.resnets.0.conv1.weight',
    shape: [1280, 1280, 3, 3],
    first: [0x1d23, 0x9c4d, 0x9850, 0x9785],
    sum: 355629584753,
  },
];

for (const { name, shape, first, sum } of expected) {
  test(`${name} is numpy's, bit for bit`, () => {
    const values = new Uint16Array(shape.reduce((product, size) => product * size, 1));
    fillWeights(values, name, shape, 0);
    expect([...values.subarray(0, 4)]).toEqual(first);
    expect(values.reduce((total, bits) => total + bits, 0)).toBe(sum);
  });
}

test('a part of a tensor is what it is in the whole', () => {
  const whole = new Uint16Array(49408 * 64);
  const part = new Uint16Array(20_000);
  const name = 'text_model.embeddings.token_embedding.weight';
  fillWeights(whole, name, [49408, 64], 0);
  fillWeights(part, name, [49408, 64], 12_345);
  expect(part).toEqual(whole.slice(12_345, 32_345));
  expect([...whole.subarray(300, 303)]).toEqual([0xb6fd, 0x30cc, 0xb5bd]);
});
