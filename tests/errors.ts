/** Helpers for tests of errors. */
import { expect } from 'vitest';
import { KinoraError } from '../src/shared/errors';

/** The error that `promise` rejects with, which must be a KinoraError. */
export async function errorOf(promise: Promise<unknown>): Promise<KinoraError> {
  const outcome = await promise.then(
    () => 'It did not reject.',
    (error: unknown) => error,
  );
  if (!(outcome instanceof KinoraError)) throw new Error(`No KinoraError: ${String(outcome)}`);
  return outcome;
}

/** For `toThrow` and `toEqual`: an error of this code whose message contains `message`. */
export function failure(code: string, message = ''): unknown {
  return expect.objectContaining({ code, message: expect.stringContaining(message) });
}
