/** The page's end of the generation worker. */
export {
  type GenerateCallbacks,
  type GenerationOutcome,
  KinoraClient,
  type KinoraClientOptions,
} from './kinora-client';
