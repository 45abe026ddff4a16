/** The page's two workers. Each starts with the first call: until then nothing of the engine is downloaded. */
import { GenerationClient, ModelsClient } from '../client';

export const models = new ModelsClient();
export const generation = new GenerationClient({ models });
