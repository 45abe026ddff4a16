import { expose } from 'comlink';
import { installErrorTransfer } from './error-transfer';
import { installSignalTransfer } from './signal-transfer';

/** What every worker answers besides what it is for. */
export interface Life {
  /**
   * Says that the worker has started.
   * @returns the name of a lock that the worker holds for as long as it lives. Browsers report a worker that throws, and neither one
   *   that closes itself nor one whose process is ended; but its locks are released. Undefined where there are no locks (insecure contexts).
   */
  hello(): Promise<string | undefined>;
}

/** Makes `exposed` callable from the page, in a worker. */
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
