/** A parser of external data, its inputs, and what must hold for all of them. */
import fc from 'fast-check';
import { KinoraError } from '../../src/shared/errors';

const maxMessageLength = 1000;

export interface Target {
  readonly name: string;
  /**
   * Feeds the parser with inputs generated reproducibly from one seed.
   * @param onInput called before each
   * @param onFailure called with the first input that the parser fails on, before the search for a smaller one
   * @returns how it failed on the smallest input, or undefined
   */
  run(
    seed: number,
    inputs: number,
    onInput: () => void,
    onFailure: (failure: string) => void,
  ): Promise<string | undefined>;
  /** Input number `index` of a seed, as text, for inputs that crash their thread. */
  input(seed: number, index: number): string;
}

/** @param check throws if something does not hold */
export function target<T>(name: string, inputs: fc.Arbitrary<T>, check: (input: T) => Promise<void> | void): Target {
  return {
    name,
    async run(seed, numRuns, onInput, onFailure) {
      let failed = false;
      const property = fc.asyncProperty(inputs, async (input) => {
        onInput();
        try {
          await check(input);
        } catch (error) {
          if (!failed) onFailure(said(error, input));
          failed = true;
          throw error;
        }
      });
      const { counterexample, errorInstance } = await fc.check(property, { seed, numRuns });
      return failed ? said(errorInstance, counterexample?.[0]) : undefined;
    },
    input: (seed, index) =>
      fc.stringify(
        fc
          .sample(
            fc.property(inputs, () => undefined),
            { seed, numRuns: index + 1 },
          )
          .at(-1),
      ),
  };
}

function said(error: unknown, input: unknown): string {
  return `${error instanceof Error ? error.stack : String(error)}\n\nInput: ${fc.stringify(input)}`;
}

/**
 * Calls a parser.
 * @returns its result; undefined if it refuses the input, which it may only do with a short KinoraError
 */
export async function accepted<T>(parse: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await parse();
  } catch (error) {
    if (!(error instanceof KinoraError)) throw error;
    expect(error.code !== 'internal', `it calls itself a fault of Kinora: ${error.message}`);
    expect(error.message.length <= maxMessageLength, `a message of ${error.message.length} characters`);
    return undefined;
  }
}

/** @throws Error naming what does not hold */
export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It does not hold: ${what}.`);
}
