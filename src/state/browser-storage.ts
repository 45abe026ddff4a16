/** localStorage, which may be blocked or full, and hold what another program wrote: what is kept there is a convenience only. */
import type { z } from 'zod/mini';

export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param value undefined: forget it */
export function writeStorage(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // it is then asked for again at the next visit
  }
}

/** The entries of a stored list that are as `entry` has them; one that is not costs no other. */
export function readList<Entry>(key: string, entry: z.ZodMiniType<Entry>): Entry[] {
  let stored: unknown;
  try {
    stored = JSON.parse(readStorage(key) ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((value: unknown) => {
    const { success, data } = entry.safeParse(value);
    return success ? [data] : [];
  });
}
