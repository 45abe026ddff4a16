/** The page's end of its workers. */
export {
  type GenerateCallbacks,
  type GenerationOutcome,
  KinoraClient,
  type KinoraClientOptions,
} from './kinora-client';
export { type DownloadCallbacks, ModelsClient } from './models-client';
export { watchForUpdates } from './service-worker';
