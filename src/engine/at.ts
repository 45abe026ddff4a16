import { KinoraError } from '../shared/errors';

/**
 * Like Array.prototype.at, for an element that cannot be missing.
 * @throws KinoraError `internal` where it is missing all the same
 */
export function at<T>(array: readonly (T | undefined)[], index: number): T {
  const element = array.at(index);
  if (element === undefined) throw new KinoraError('internal', `There is no element ${index} of ${array.length}.`);
  return element;
}
