/** The page's two workers. Each starts with its first call; until then, no part of the engine is downloaded. */
import { GenerationClient, ModelsClient } from '../client';

export const models = new ModelsClient();
export const generation = new GenerationClient({ models });
