/** Behaves as the model's address tells it, for tests of what the page does with a worker's worst moments. */
import { expose } from 'comlink';
import { installErrorTransfer } from '../error-transfer';
import { errorCodes, KinoraError } from '../errors';

let rejectRunning: ((error: KinoraError) => void) | undefined;

const behaviours: Record<string, () => Promise<unknown>> = {
  ready: async () => ({ info: { id: 'ready' }, backend: { device: 'wasm' } }),
  'never-answer': () => new Promise(() => {}),
  'until-cancelled': () =>
    new Promise((_, reject) => {
      rejectRunning = reject;
    }),
  die: () => {
    setTimeout(() => {
      throw new Error('out of luck');
    });
    return new Promise(() => {});
  },
  'type-error': () => Promise.reject(new TypeError('undefined is not a function')),
  'array-too-long': () => Promise.reject(new RangeError('Array buffer allocation failed')),
  'a-string': () => Promise.reject('no error at all'),
  'with-cause': () => Promise.reject(new KinoraError('storage', 'Outer.', { cause: new Error('Inner.') })),
};
for (const code of errorCodes) behaviours[code] = () => Promise.reject(new KinoraError(code, `As ${code}.`));

installErrorTransfer();
expose({
  load: ({ source }: { source: string }, onProgress: (progress: unknown) => void) => {
    onProgress({ stage: 'open', done: 0, total: 1 });
    const behaviour = behaviours[source];
    if (!behaviour) throw new Error(`No behaviour ${source}.`);
    return behaviour();
  },
  cancel: () => rejectRunning?.(new KinoraError('cancelled', 'As asked.')),
  countTokens: async (text: string) => text.length,
});
