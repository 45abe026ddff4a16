import { expose } from 'comlink';
import { installErrorTransfer } from './error-transfer';
import { installSignalTransfer } from './signal-transfer';

/** What every worker serves besides its own interface. */
export interface Life {
  /**
   * Resolves once the worker has started.
   * @returns the name of a lock that the worker holds while it lives. Browsers report a worker that throws, but neither one that
   *   closes itself nor one whose process is killed; its locks, however, are released. Undefined in insecure contexts, which have
   *   no locks.
   */
  hello(): Promise<string | undefined>;
}

/** Makes `exposed` callable from the page. Called in a worker. */
export function serve<Exposed extends object>(exposed: Exposed): void {
  installErrorTransfer();
  installSignalTransfer();
  expose({ ...exposed, hello } satisfies Life);
}

async function hello(): Promise<string | undefined> {
  if (!('locks' in navigator)) return undefined;
  const name = `kinora worker ${crypto.randomUUID()}`;
  await new Promise<void>((held) => {
    void navigator.locks.request(name, () => {
      held();
      return new Promise<never>(() => {});
    });
  });
  return name;
}
