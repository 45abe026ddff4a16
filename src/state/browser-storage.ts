/** localStorage, which may be blocked, full, or written by other programs; so it is used only for convenience. */
import type { z } from 'zod/mini';

export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param value undefined to remove the entry */
export function writeStorage(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // the visitor then has to enter it again on the next visit
  }
}

/** The entries of a stored list that match `entry`; others are dropped. */
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
