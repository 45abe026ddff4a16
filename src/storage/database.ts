import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { KinoraError } from '../shared/errors';

/**
 * What is stored, by key. Keys begin with the checkpoint's id, so that one range covers a whole checkpoint. Values are `unknown`:
 * another version may have written them, so they are parsed when read.
 */
interface Schema extends DBSchema {
  /** [checkpoint, component] → Manifest */
  manifests: { key: [string, string]; value: unknown };
  /** [checkpoint, component, begin] → ShardRecord */
  shards: { key: [string, string, number]; value: unknown };
  /** [checkpoint, path] → TextRecord */
  texts: { key: [string, string]; value: unknown };
}

type Connection = IDBPDatabase<Schema>;
export type StoreName = 'manifests' | 'shards' | 'texts';
export type Key<Name extends StoreName> = Schema[Name]['key'];

const version = 1;

/** Every key that begins with `prefix`: arrays sort after strings and numbers. */
export function keysWithPrefix(...prefix: string[]): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, []]);
}

/** The page's IndexedDB, opened when it is first used and again after the browser has closed it (site data cleared). */
export class Database {
  readonly #name: string;
  #connection: Promise<Connection> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Runs `work` on the open database.
   * @param doing completes "The browser's storage failed while …"
   * @throws KinoraError `quota` if the browser refuses to store more, `newer-storage` if a newer version of the page has written
   *   the database, `storage` for any other failure
   */
  async use<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#open();
    try {
      return await work(await connection);
    } catch (error) {
      if (!isClosed(error)) throw storageError(error, doing);
      // when site data is cleared, a connection may close while opening or in use, and learn of it only later
      if (this.#connection === connection) await this.close();
    }
    try {
      return await work(await this.#open());
    } catch (error) {
      throw storageError(error, doing);
    }
  }

  /**
   * The value stored under a key; undefined if there is none or it cannot be read: Chromium keeps large values in files of their
   * own, which cleanup programs delete or truncate. Uses its own transaction, because a failed request ends its transaction.
   */
  value<Name extends StoreName>(doing: string, name: Name, key: Key<Name>): Promise<unknown> {
    return this.use(doing, async (connection) => {
      const read = (): Promise<unknown> => {
        const transaction = connection.transaction(name);
        transaction.done.catch(() => undefined);
        return transaction.store.get(key);
      };
      const unlessClosed = (error: unknown) => {
        if (isClosed(error)) throw error;
      };
      // private windows randomly fail to read values back; the second try usually succeeds
      return read().catch((error) => {
        unlessClosed(error);
        return read().catch(unlessClosed);
      });
    });
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    (await connection?.catch(() => undefined))?.close();
  }

  /** The open connection, or a new one. */
  #open(): Promise<Connection> {
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const forget = () => {
      this.#connection = undefined;
    };
    try {
      return await new Promise((resolve, reject) => {
        openDB<Schema>(this.#name, version, {
          upgrade(connection) {
            connection.createObjectStore('manifests');
            connection.createObjectStore('shards');
            connection.createObjectStore('texts');
          },
          blocked() {
            reject(
              new KinoraError(
                'storage',
                'Another tab keeps an older version of the storage open. Close the other Kinora tabs, then try again.',
              ),
            );
          },
          // another tab upgrades or deletes the database: it would have to wait for this connection
          blocking: () => void this.close(),
          terminated: forget,
        }).then(resolve, reject);
      });
    } catch (error) {
      forget();
      throw error;
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'AbortError' || error.name === 'InvalidStateError');
}

function storageError(error: unknown, doing: string): KinoraError {
  if (error instanceof KinoraError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof DOMException && error.name === 'QuotaExceededError') {
    return new KinoraError(
      'quota',
      `The browser refused more space while ${doing}. What was stored so far is kept: free disk space or delete ` +
        'another model, then try again to continue.',
      { cause: error },
    );
  }
  if (error instanceof DOMException && error.name === 'VersionError') {
    return new KinoraError(
      'newer-storage',
      `The browser's storage was written by a newer version of the page than this one (${reason}).`,
      { cause: error },
    );
  }
  return new KinoraError(
    'storage',
    `The browser's storage failed while ${doing} (${reason}). Reload the page. In a private window, switch to a ` +
      'normal one; if site data is blocked, allow it.',
    { cause: error },
  );
}
