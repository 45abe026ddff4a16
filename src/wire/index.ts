/** What page and workers share to communicate over Comlink: errors with their code, signals, liveness. */
export { installErrorTransfer } from './error-transfer';
export { type Life, serve } from './serve';
export { installSignalTransfer } from './signal-transfer';
