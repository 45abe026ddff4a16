/** localStorage, which may be blocked or full: what is kept there is a convenience only. */

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

/** What is stored there as JSON; undefined where it is none. */
export function readJson(key: string): unknown {
  try {
    return JSON.parse(readStorage(key) ?? 'null');
  } catch {
    return undefined;
  }
}
