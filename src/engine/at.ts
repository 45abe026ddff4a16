import { KinoraError } from '../shared/errors';

/**
 * Like Array.prototype.at, for an element that cannot be missing.
 * @throws KinoraError `internal` if it is missing after all
 */
export function at<T>(array: readonly (T | undefined)[], index: number): T {
  const element = array.at(index);
  if (element === undefined) throw new KinoraError('internal', `There is no element ${index} of ${array.length}.`);
  return element;
}
