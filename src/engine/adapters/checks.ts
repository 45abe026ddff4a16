/** Checks that every layout makes of an adapter's tensors. */
import { isFloatDtype } from '../../shared/dtypes';
import { KinoraError } from '../../shared/errors';
import { quote, shortened } from '../../shared/quote';
import type { AdapterTable, TensorSpec } from '../source';
import type { AdapterPair, Module, PairScale } from './definition';

export function invalid(table: AdapterTable, problem: string): KinoraError {
  return new KinoraError('invalid-checkpoint', `${table.path} does not fit this model: ${problem}.`);
}

interface Candidate extends Pick<AdapterPair, 'component' | 'up' | 'down'> {
  module: Module;
  scale: (rank: number) => PairScale;
}

/**
 * Checks two tensors against the weight that their product is added to.
 * @throws KinoraError `invalid-checkpoint` naming the tensor that does not fit
 */
export function pairOf(table: AdapterTable, { component, module, up, down, scale }: Candidate): AdapterPair {
  const [out = 0, ...inner] = module.shape;
  const specOf = (name: string): TensorSpec => {
    const tensor = table.tensors.get(name);
    if (!tensor) throw invalid(table, `there is no tensor ${shortened(name)}`);
    if (!isFloatDtype(tensor.dtype))
      throw invalid(table, `${shortened(name)} is ${tensor.dtype}, which is no floating-point type`);
    return tensor;
  };
  const [upTensor, downTensor] = [specOf(up), specOf(down)];
  const rank = downTensor.shape[0] ?? 0;
  const fits = ({ shape }: TensorSpec, expected: readonly number[]) => core(shape).join() === core(expected).join();
  for (const [name, tensor, expected] of [
    [down, downTensor, [rank, ...inner]],
    [up, upTensor, [out, rank]],
  ] as const) {
    if (rank > 0 && fits(tensor, expected)) continue;
    throw invalid(
      table,
      `tensor ${shortened(name)} is ${quote(tensor.shape, 60)}, where ${component}'s ${module.name} with its weight [${module.shape}] needs [${expected}]`,
    );
  }
  return { component, module: module.name, up, down, rank, scale: scale(rank) };
}

/** A shape without its first axis and trailing ones: a 1×1 convolution's weight has the bytes of a matrix. */
function core(shape: readonly number[]): readonly number[] {
  const last = shape.findLastIndex((n, axis) => n !== 1 || axis < 2);
  return shape.slice(0, last + 1);
}
