/** The form's values, kept between visits for each model separately. */
import { create } from 'zustand';
import { readStorage, writeStorage } from './browser-storage';
import { parseSettings, type Settings } from './form';
import { chosenModel, useModels } from './models';

const storageKey = () => `kinora.settings.${chosenModel().id}`;

function settingsOfModel(): Settings {
  return parseSettings(readStorage(storageKey()), chosenModel());
}

export const useSettings = create<Settings>(settingsOfModel);
useSettings.subscribe((settings) => writeStorage(storageKey(), JSON.stringify(settings)));
useModels.subscribe(({ chosen }, before) => {
  if (chosen !== before.chosen) useSettings.setState(settingsOfModel());
});

export function updateSettings(changes: Partial<Settings>): void {
  useSettings.setState(changes);
}

/** Resets to the values recommended for the model; the prompts stay. */
export function resetSettings(): void {
  const { prompt, negativePrompt } = useSettings.getState();
  useSettings.setState({ ...parseSettings(null, chosenModel()), prompt, negativePrompt });
}

/** An integer from 0 to 2^32 - 1, the range that other tools use. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
