/** The page's side of its workers. */
export { type GenerateCallbacks, GenerationClient, type GenerationOutcome } from './generation-client';
export { type DownloadCallbacks, ModelsClient } from './models-client';
export { hostAnswers, type UpdateKind, watchForUpdates } from './service-worker';
