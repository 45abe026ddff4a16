/** Classifies failures of onnxruntime: memory, a lost device, a limit, or a bug. */
import { KinoraError, recovery } from '../../shared/errors';
import type { DeviceWatch } from './device-watch';
import { runtimeHasBroken } from './onnxruntime';

/** Messages of C++, browsers and the D3D12, Vulkan and Metal drivers. In wasm, more than 4 GiB overflow onnxruntime's SafeInt. */
const memoryWords =
  /SafeIntOnOverflow|out[ _]?of[ _]?(\w+[ _])?memory|bad_alloc|allocation failed|failed to allocate|allocate memory|memory\.grow|array buffer length|Aborted\(OOM\)/i;
/** wasm aborts this way when memory has silently run out, but also when a lost device has refused it a buffer. */
const abortWords = /Aborted\(\)/;
const limitWords = /exceeds|larger than|too large|limit/i;

/** Whether the network that threw `error`, and its device, must be rebuilt before they are used again. */
export function breaks(error: unknown): boolean {
  return !(error instanceof KinoraError) || recovery[error.code] !== undefined;
}

/**
 * Converts what was thrown while doing `what` to a KinoraError: `device-lost`, `device-limits`, `out-of-memory`, `worker-died` or
 * `internal`.
 * @param thrown undefined if nothing was thrown but `watch` knows of a failure
 */
export async function failure(what: string, thrown: unknown, watch: DeviceWatch | undefined): Promise<KinoraError> {
  if (thrown instanceof KinoraError) return thrown;
  const error = await explained(what, thrown, watch);
  // a trapped runtime costs its worker, whatever the cause
  if (!runtimeHasBroken() || recovery[error.code] === 'worker') return error;
  return new KinoraError('worker-died', error.message, { cause: thrown });
}

async function explained(what: string, thrown: unknown, watch: DeviceWatch | undefined): Promise<KinoraError> {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const loss = await watch?.loss();
  const memory =
    watch?.outOfMemory ??
    [loss?.message, message].find((text) => text && memoryWords.test(text)) ??
    (loss ? undefined : (watch?.refused ?? abortWords.exec(message)?.[0]));
  if (memory !== undefined) return outOfMemory(what, memory, thrown);
  if (loss) return new KinoraError('device-lost', `${what}: the GPU was lost. ${loss.message}`, { cause: thrown });
  if (watch?.invalid !== undefined) return refused(what, watch.invalid, thrown);
  return new KinoraError('internal', `${what}: ${message}`, { cause: thrown });
}

function outOfMemory(what: string, message: string, cause?: unknown): KinoraError {
  return new KinoraError(
    'out-of-memory',
    `${what}: memory ran out (${message}). Fewer frames, a smaller size or the low-memory mode need less.`,
    { cause },
  );
}

function refused(what: string, message: string, cause?: unknown): KinoraError {
  return limitWords.test(message)
    ? new KinoraError('device-limits', `${what}: it exceeds a limit of the GPU. ${message}`, { cause })
    : new KinoraError('internal', `${what}: the GPU refused a call. ${message}`, { cause });
}
