/** What the form holds; kept between visits, for each model by itself. */
import { create } from 'zustand';
import { parseSettings, type Settings } from './form';
import { switches } from './switches';

const storageKey = `kinora.settings.${switches.model.id}`;

function readStorage(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    // storage is blocked: the form then starts anew at every visit
    return null;
  }
}

function writeStorage(settings: Settings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(settings));
  } catch {
    // full or blocked
  }
}

export const useSettings = create<Settings>(() => parseSettings(readStorage(), switches.model));
useSettings.subscribe(writeStorage);

export function updateSettings(changes: Partial<Settings>): void {
  useSettings.setState(changes);
}

/** Back to what the model recommends; the texts stay. */
export function resetSettings(): void {
  const { prompt, negativePrompt } = useSettings.getState();
  useSettings.setState({ ...parseSettings(null, switches.model), prompt, negativePrompt });
}

/** An integer from 0 to 2^32 - 1, the range that other tools draw from. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
