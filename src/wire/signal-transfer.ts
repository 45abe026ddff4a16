import { type TransferHandler, transferHandlers } from 'comlink';

/** Lets an AbortSignal be passed to a worker: aborting it here aborts it there. */
export function installSignalTransfer(): void {
  const handler: TransferHandler<AbortSignal, MessagePort> = {
    canHandle: (value): value is AbortSignal => value instanceof AbortSignal,
    serialize(signal) {
      const { port1, port2 } = new MessageChannel();
      const abort = () => port1.postMessage(null);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
      return [port2, [port2]];
    },
    deserialize(port) {
      const controller = new AbortController();
      port.onmessage = () => controller.abort();
      return controller.signal;
    },
  };
  transferHandlers.set('signal', handler);
}
