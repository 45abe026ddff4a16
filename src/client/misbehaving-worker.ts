/** A worker for tests: the prompt says what goes wrong. */
import { expose } from 'comlink';
import { installErrorTransfer } from '../error-transfer';
import { type ErrorCode, KinoraError } from '../errors';
import type { GenerationWorker } from '../protocol';

const life = crypto.randomUUID();
let stop: ((error: KinoraError) => void) | undefined;

const worker: GenerationWorker = {
  // the id tells which worker it was
  load: async (request) => ({
    info: {
      id: life,
      height: 8,
      width: 8,
      vaeScaleFactor: 8,
      latentChannels: 4,
      maxTokens: 77,
      scheduler: 'DDIMScheduler',
    },
    backend: { device: 'wasm', dtype: 'float32', adapter: request.url, software: false, threads: 1 },
  }),

  generate: ({ prompt }) => {
    const [verb = '', ...words] = prompt.split(' ');
    switch (verb) {
      case 'kinora':
        throw new KinoraError('quota', words.join(' '), { cause: new Error('the disk is full') });
      case 'foreign':
        throw new TypeError(words.join(' '));
      case 'memory':
        throw new RangeError('Array buffer allocation failed');
      case 'nothing':
        return Promise.reject(undefined);
      case 'wait':
        return new Promise((_, reject) => {
          stop = reject;
        });
      case 'block':
        for (;;);
      case 'die':
        setTimeout(() => {
          throw new Error('the last words');
        });
        return new Promise(() => {});
      default:
        throw new KinoraError('invalid-argument' satisfies ErrorCode, `What is ${verb}?`);
    }
  },

  countTokens: async (text) => text.length,

  cancel: () => stop?.(new KinoraError('cancelled', 'as asked')),
};

installErrorTransfer();
expose(worker);
