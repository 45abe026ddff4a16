/** What page and workers have in common to speak with each other over Comlink: errors with their code, signals, signs of life. */
export { installErrorTransfer } from './error-transfer';
export { type Life, serve } from './serve';
export { installSignalTransfer } from './signal-transfer';
