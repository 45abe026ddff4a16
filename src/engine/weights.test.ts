import { expect, test } from 'vitest';
import type { TensorSpec } from './source';
import { checkTensors } from './weights';

const parameters = new Map<string, readonly number[]>([
  ['conv.weight', [8, 4, 3, 3]],
  ['conv.bias', [8]],
  ['to_q.weight', [4, 4]],
]);

const right: [string, TensorSpec][] = [
  ['conv.weight', { dtype: 'F16', shape: [8, 4, 3, 3] }],
  ['conv.bias', { dtype: 'BF16', shape: [8] }],
  ['to_q.weight', { dtype: 'F32', shape: [4, 4] }],
];

const check = (tensors: [string, TensorSpec][]) => () => checkTensors('unet', parameters, new Map(tensors));

test('tensors that fit', () => {
  expect(check(right)).not.toThrow();
  expect(check([...right, ['embeddings.position_ids', { dtype: 'I64', shape: [1, 77] }]])).not.toThrow();
  const old = new Map(right.map(([name, tensor]) => [name.replace('to_q', 'query'), tensor]));
  expect(() => checkTensors('vae', parameters, old, [[/to_q/, 'query']])).not.toThrow();
});

test.each<[string, [string, TensorSpec][], string]>([
  ['a missing one', right.slice(1), '1 missing: conv.weight.'],
  ['one more', [...right, ['lora.up', { dtype: 'F16', shape: [1] }]], '1 not of this network: lora.up.'],
  [
    'another shape',
    [...right.slice(0, 2), ['to_q.weight', { dtype: 'F16', shape: [4, 8] }]],
    '1 of the wrong shape: to_q.weight is [4,8], not [4,4].',
  ],
  [
    'another type',
    [['conv.weight', { dtype: 'I8', shape: [8, 4, 3, 3] }], ...right.slice(1)],
    '1 not of a floating-point type: conv.weight is I8.',
  ],
  ['nothing at all', [], '3 missing: conv.weight, conv.bias, to_q.weight.'],
])('%s is named', (_, tensors, problem) => {
  expect(check(tensors)).toThrow(
    expect.objectContaining({
      code: 'invalid-checkpoint',
      message: `The tensors of unet do not fit its config.json. ${problem}`,
    }),
  );
});

test('of many, five are named', () => {
  const more = Array.from({ length: 9 }, (_, i): [string, TensorSpec] => [`lora.${i}`, { dtype: 'F16', shape: [1] }]);
  expect(check([...right, ...more])).toThrow(
    '9 not of this network: lora.0, lora.1, lora.2, lora.3, lora.4 and 4 more.',
  );
});
