/** Behaves as the model's address tells it, for tests of what the page does with a worker's worst moments. */
import type { LoadRequest } from '../protocol';
import { errorCodes, KinoraError } from '../shared/errors';
import type { ModelSource } from '../shared/model-source';
import { serve } from '../wire';

type Source = Exclude<ModelSource<never>, { kind: 'picked' }>;
type Load = { source: Source } & Pick<LoadRequest, 'adapters'>;

const behaviours: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
  ready: async () => ({ info: { id: 'ready' }, backend: { device: 'wasm' } }),
  'never-answer': () => new Promise(() => {}),
  'until-cancelled': (signal) =>
    new Promise((_, reject) => {
      signal.onabort = () => reject(new KinoraError('cancelled', 'As asked.'));
    }),
  close: () => {
    self.close();
    return new Promise(() => {});
  },
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

serve({
  has: async ({ kind }: Source) => kind !== 'remote',
  load: ({ source, adapters = [] }: Load, onProgress: (progress: unknown) => void, signal: AbortSignal) => {
    onProgress({ stage: 'open', done: 0, total: 1 });
    const name = (source.kind === 'remote' ? source.url : source.id).replace(/^.*\//, '');
    if (name === 'adapters') {
      const got = adapters.map(({ scale, files }) => ({ scale, files: files?.map(({ path }) => path) }));
      return { info: { id: JSON.stringify(got) }, backend: { device: 'wasm' } };
    }
    const behaviour = behaviours[name];
    if (!behaviour) throw new Error(`No behaviour ${name}.`);
    return behaviour(signal);
  },
  countTokens: async (text: string) => text.length,
});
