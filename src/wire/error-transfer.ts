import { type TransferHandler, transferHandlers } from 'comlink';
import { z } from 'zod/mini';
import { errorCodes, KinoraError, toKinoraError } from '../shared/errors';
import { shortened } from '../shared/quote';

/** An error as it crosses between page and worker. */
const wireError = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  stack: z.optional(z.string()),
  /** Message of the cause, for the details that a visitor can copy. */
  cause: z.optional(z.string()),
  missingBytes: z.optional(z.number()),
});

const thrownValue = z.object({ value: z.unknown() });

/**
 * Makes errors arrive as KinoraErrors with their code. Comlink's own handler keeps only name, message and stack. Both sides call
 * it once, before the first message.
 */
export function installErrorTransfer(): void {
  const original = transferHandlers.get('throw');
  if (!original) throw new KinoraError('internal', 'This version of Comlink has no handler for thrown errors.');
  const handler: TransferHandler<unknown, unknown> = {
    // only Comlink itself can distinguish its wrapper of a thrown value from other objects
    canHandle: (value): value is unknown => original.canHandle(value),
    serialize(thrown) {
      const error = toKinoraError(thrownValue.parse(thrown).value);
      const { code, message, stack, cause, missingBytes } = error;
      const wire: z.infer<typeof wireError> = { code, message, stack, missingBytes };
      if (cause instanceof Error && cause.message !== message) wire.cause = shortened(cause.message, 1000);
      return [wire, []];
    },
    deserialize(wire) {
      const { code, message, stack, ...options } = wireError.parse(wire);
      const error = new KinoraError(code, message, options);
      if (stack !== undefined) error.stack = stack;
      throw error;
    },
  };
  transferHandlers.set('throw', handler);
}
