/** What a failure of onnxruntime means: memory, a lost device, a limit, or a fault. */
import { KinoraError, recovery } from '../../shared/errors';
import type { DeviceWatch } from './device-watch';
import { runtimeHasBroken } from './onnxruntime';

/** Words of C++, of the browser and of the drivers of D3D12, Vulkan and Metal. In wasm, more than 4 GiB are an overflow of onnxruntime's SafeInt. */
const memoryWords =
  /SafeIntOnOverflow|out[ _]?of[ _]?(\w+[ _])?memory|bad_alloc|allocation failed|failed to allocate|allocate memory|memory\.grow|array buffer length|Aborted\(OOM\)/i;
/** So does wasm end where memory ran out without a word, but where a lost device refused it a buffer too. */
const abortWords = /Aborted\(\)/;
const limitWords = /exceeds|larger than|too large|limit/i;

/** Whether the network that threw `error`, and its device, must be made anew before they are used again. */
export function breaks(error: unknown): boolean {
  return !(error instanceof KinoraError) || recovery[error.code] !== undefined;
}

/**
 * What was thrown while `what` was done, as a KinoraError: `device-lost`, `device-limits`, `out-of-memory`, `worker-died` or `internal`.
 * @param thrown undefined where nothing was, and `watch` knows all the same that it failed
 */
export async function failure(what: string, thrown: unknown, watch: DeviceWatch | undefined): Promise<KinoraError> {
  if (thrown instanceof KinoraError) return thrown;
  const error = await explained(what, thrown, watch);
  // a runtime that has trapped takes its worker with it, whatever made it trap
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
