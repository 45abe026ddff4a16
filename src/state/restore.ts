/** Loads the settings of a Kinora video from its file. */
import { create } from 'zustand';
import { readComment } from '../media/mp4-comment';
import { parseVideoComment } from '../media/video-comment';
import { withoutQuery } from '../shared/address';
import { KinoraError } from '../shared/errors';
import { chooseModel, useModels } from './models';
import { updateSettings } from './settings';
import { idOf } from './transfers';

/** The outcome for the last file; empty before the first. */
interface RestoreState {
  file: string;
  said: string;
  problem: boolean;
}

export const useRestore = create<RestoreState>(() => ({ file: '', said: '', problem: false }));

/** Fills the form with the video's settings, and chooses its model if listed. Never rejects. */
export async function restoreFrom(file: File): Promise<void> {
  try {
    const { model: id, parameters } = parseVideoComment(await readComment(file));
    const { chosen, models } = useModels.getState();
    const model = [chosen, ...models].find((listed) => isNamed(idOf(listed), id));
    if (model) chooseModel(model);
    updateSettings({ ...parameters, newSeed: false });
    const said = model ? 'settings loaded.' : 'settings loaded, but its model is not on your list.';
    useRestore.setState({ file: file.name, said, problem: false });
  } catch (error) {
    const said = error instanceof KinoraError ? error.message : 'the file could not be read.';
    useRestore.setState({ file: file.name, said, problem: true });
  }
}

/** Videos name their model without its address's query; older ones include it, and mean that version of the model. */
function isNamed(id: string, name: string): boolean {
  return id === name || withoutQuery(id) === name;
}
