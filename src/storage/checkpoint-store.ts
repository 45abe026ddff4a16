import { KinoraError, throwIfCancelled } from '../shared/errors';
import { checksum } from './checksum';
import { Database, type Key, keysWithPrefix, type StoreName } from './database';
import { type Manifest, manifestSchema } from './manifest';
import { readBlob } from './read-blob';
import { type ByteRange, fits, type ShardRecord, shardRecord, type TextRecord, textRecord } from './records';

/** What is stored of one checkpoint. */
export interface StoredCheckpoint {
  readonly id: string;
  /** Bytes it occupies, including unfinished downloads, as far as they can be read. */
  readonly bytes: number;
  /** Components that are completely stored. */
  readonly components: readonly string[];
}

/**
 * Checkpoints in IndexedDB: weight shards as Blobs, manifests, and the small text files. Shards of a component without a manifest
 * are an unfinished download: it can be resumed, but is never used. A record that cannot be read or has another form counts as
 * missing, and affects no other record. Every method throws KinoraError `storage`, `newer-storage` or `quota`.
 */
export class CheckpointStore {
  readonly #database: Database;

  /** @param name of the IndexedDB database */
  constructor(name = 'kinora') {
    this.#database = new Database(name);
  }

  /** The manifests of a checkpoint's completely stored components. */
  async manifests(checkpoint: string): Promise<Manifest[]> {
    const keys = await this.#keys('manifests', checkpoint);
    return (await Promise.all(keys.map((key) => this.#manifest(key)))).filter((manifest) => manifest !== undefined);
  }

  /** The text of a small file; null if it is known to be absent, undefined if nothing is known. */
  async text(checkpoint: string, path: string): Promise<string | null | undefined> {
    return (await this.#text([checkpoint, path]))?.text;
  }

  /** Stores the text of a small file, or null for one that is known to be absent. */
  async putText(checkpoint: string, path: string, text: string | null): Promise<void> {
    // an interrupted download fetches them again, and there may be no room for a second copy of unchanged ones
    if ((await this.text(checkpoint, path)) === text) return;
    const record: TextRecord = { text, ...(text !== null && { checksum: await checksum(text) }) };
    await this.#database.use(`storing ${path}`, (connection) => connection.put('texts', record, [checkpoint, path]));
  }

  /** Paths of stored small files that are damaged or cannot be read. */
  async damagedTexts(checkpoint: string): Promise<string[]> {
    const damaged: string[] = [];
    for (const key of await this.#keys('texts', checkpoint)) {
      if (!(await this.#text(key))) damaged.push(key[1]);
    }
    return damaged;
  }

  /**
   * Deletes damaged small files and manifests. If there are any, the checkpoint counts as unfinished: all of its manifests are
   * deleted, its shards stay.
   * @returns how many were damaged
   */
  async removeDamagedFiles(checkpoint: string): Promise<number> {
    const texts = await this.damagedTexts(checkpoint);
    const manifests = await this.#keys('manifests', checkpoint);
    const damaged = texts.length + manifests.length - (await this.manifests(checkpoint)).length;
    if (damaged === 0) return 0;
    await this.#database.use('deleting what is damaged', async (connection) => {
      const transaction = connection.transaction(['texts', 'manifests'], 'readwrite');
      await Promise.all([
        ...texts.map((path) => transaction.objectStore('texts').delete([checkpoint, path])),
        transaction.objectStore('manifests').delete(keysWithPrefix(checkpoint)),
        transaction.done,
      ]);
    });
    return damaged;
  }

  /**
   * The manifest's shards that need not be fetched again. Shards left by an earlier, different version of the file are deleted.
   */
  async storedShards(manifest: Manifest): Promise<ByteRange[]> {
    const { checkpoint, component } = manifest;
    const found: ByteRange[] = [];
    for (const key of await this.#keys('shards', checkpoint, component)) {
      const shard = manifest.shards.find(({ begin }) => begin === key[2]);
      if (shard && (await this.#shard(manifest, shard))) found.push(shard);
      else await this.#database.use(`deleting ${component}`, (connection) => connection.delete('shards', key));
    }
    return found;
  }

  /**
   * Stores one shard, in a transaction of its own.
   * @param digestState to be returned by `digestState`
   */
  async putShard(manifest: Manifest, shard: ByteRange, blob: Blob, digestState?: Uint8Array): Promise<void> {
    const { checkpoint, component, version } = manifest;
    const record: ShardRecord = { version, blob, checksum: await checksum(blob), digestState };
    await this.#database.use(`storing ${component}`, (connection) =>
      connection.put('shards', record, [checkpoint, component, shard.begin]),
    );
  }

  /** The digest's state that was stored with the shard. */
  async digestState(manifest: Manifest, shard: ByteRange): Promise<Uint8Array | undefined> {
    return (await this.#shard(manifest, shard))?.digestState;
  }

  /** Deletes every shard of a component. */
  async removeShards({ checkpoint, component }: Manifest): Promise<void> {
    await this.#database.use(`deleting ${component}`, (connection) =>
      connection.delete('shards', keysWithPrefix(checkpoint, component)),
    );
  }

  /**
   * Stores the manifest, which marks the component as complete.
   * @throws KinoraError `storage` if a shard is missing because it was deleted in the meantime
   */
  async commit(manifest: Manifest): Promise<void> {
    const { checkpoint, component } = manifest;
    await this.#database.use(`completing ${component}`, async (connection) => {
      const transaction = connection.transaction(['shards', 'manifests'], 'readwrite');
      // if a request fails first, nothing awaits the transaction's end
      transaction.done.catch(() => undefined);
      const shards = transaction.objectStore('shards');
      const values = await Promise.all(manifest.shards.map(({ begin }) => shards.get([checkpoint, component, begin])));
      const whole = manifest.shards.every((shard, index) => {
        const record = shardRecord.safeParse(values[index]).data;
        return record !== undefined && fits(record, shard, manifest);
      });
      if (whole) await transaction.objectStore('manifests').put(manifest, [checkpoint, component]);
      await transaction.done;
      if (!whole) {
        throw new KinoraError(
          'storage',
          `Stored parts of ${component} disappeared while it was being downloaded: the site's data was cleared, or the ` +
            'model was deleted in another tab. Try again.',
        );
      }
    });
  }

  /**
   * Opens the shards of a stored component. The last byte of each is read, so that a Blob whose file is gone or truncated is
   * noticed here, not inside a session.
   * @returns `blobs` in the manifest's order; `lost`: shards that do not match the manifest or cannot be read
   */
  async openShards(manifest: Manifest): Promise<{ blobs: Blob[]; lost: ByteRange[] }> {
    const open = async (shard: ByteRange) => {
      const blob = (await this.#shard(manifest, shard))?.blob;
      return (
        blob &&
        readBlob(blob.slice(-1)).then(
          () => blob,
          () => undefined,
        )
      );
    };
    const shards = await Promise.all(
      // private windows randomly fail to read a Blob back; the second try usually succeeds
      manifest.shards.map(async (shard) => ({ shard, blob: (await open(shard)) ?? (await open(shard)) })),
    );
    return {
      blobs: shards.flatMap(({ blob }) => blob ?? []),
      lost: shards.flatMap(({ shard, blob }) => (blob ? [] : shard)),
    };
  }

  /**
   * Reads a stored component from first byte to last. Shards that are damaged or cannot be read are deleted, and with them the
   * manifest: the component then counts as unfinished.
   * @param onBytes called with the number of bytes of each shard that was read
   * @returns the number of bytes deleted
   */
  async removeDamaged(
    manifest: Manifest,
    { onBytes, signal }: { onBytes?: (bytes: number) => void; signal?: AbortSignal } = {},
  ): Promise<number> {
    const isIntact = async (shard: ByteRange) => {
      const record = await this.#shard(manifest, shard);
      const actual = record && (await checksum(record.blob).catch(() => undefined));
      return actual !== undefined && (record?.checksum ?? actual) === actual;
    };
    const damaged: ByteRange[] = [];
    for (const shard of manifest.shards) {
      throwIfCancelled(signal);
      // read twice before it is deleted, for the reason above
      if (!(await isIntact(shard)) && !(await isIntact(shard))) damaged.push(shard);
      onBytes?.(shard.end - shard.begin);
    }
    if (damaged.length > 0) await this.removeLost(manifest, damaged);
    return damaged.reduce((bytes, { begin, end }) => bytes + end - begin, 0);
  }

  /** Deletes shards, and the manifest: the component then counts as unfinished. */
  async removeLost({ checkpoint, component }: Manifest, lost: readonly ByteRange[]): Promise<void> {
    await this.#database.use(`repairing ${component}`, async (connection) => {
      const transaction = connection.transaction(['shards', 'manifests'], 'readwrite');
      const shards = transaction.objectStore('shards');
      await Promise.all([
        ...lost.map(({ begin }) => shards.delete([checkpoint, component, begin])),
        transaction.objectStore('manifests').delete([checkpoint, component]),
        transaction.done,
      ]);
    });
  }

  /** Everything that is stored, including unfinished downloads. */
  async list(): Promise<StoredCheckpoint[]> {
    const found = new Map<string, { bytes: number; components: string[] }>();
    const entry = (id: string) => {
      const known = found.get(id) ?? { bytes: 0, components: [] };
      found.set(id, known);
      return known;
    };
    for (const key of await this.#keys('shards')) {
      // only a handle: its bytes stay on disk
      entry(key[0]).bytes +=
        shardRecord.safeParse(await this.#database.value('listing the models', 'shards', key)).data?.blob.size ?? 0;
    }
    for (const key of await this.#keys('texts')) entry(key[0]).bytes += (await this.#text(key))?.text?.length ?? 0;
    for (const key of await this.#keys('manifests')) {
      const { components } = entry(key[0]);
      if (await this.#manifest(key)) components.push(key[1]);
    }
    return [...found].map(([id, { bytes, components }]) => ({ id, bytes, components }));
  }

  /** Deletes everything of a checkpoint at once. */
  async delete(checkpoint: string): Promise<void> {
    await this.#database.use('deleting the model', async (connection) => {
      const transaction = connection.transaction(['shards', 'manifests', 'texts'], 'readwrite');
      const all = keysWithPrefix(checkpoint);
      await Promise.all([
        transaction.objectStore('manifests').delete(all),
        transaction.objectStore('shards').delete(all),
        transaction.objectStore('texts').delete(all),
        transaction.done,
      ]);
    });
  }

  /** Closes the connection; the next call opens it again. */
  async close(): Promise<void> {
    await this.#database.close();
  }

  /** Only keys are listed, because they can be read even if values cannot. */
  #keys<Name extends StoreName>(name: Name, ...prefix: string[]): Promise<Key<Name>[]> {
    return this.#database.use('looking for the model', (connection) =>
      connection.getAllKeys(name, keysWithPrefix(...prefix)),
    );
  }

  async #manifest(key: Key<'manifests'>): Promise<Manifest | undefined> {
    return manifestSchema.safeParse(await this.#database.value('looking for the model', 'manifests', key)).data;
  }

  async #text(key: Key<'texts'>): Promise<TextRecord | undefined> {
    const record = textRecord.safeParse(await this.#database.value(`reading ${key[1]}`, 'texts', key)).data;
    if (typeof record?.text !== 'string' || record.checksum === undefined) return record;
    return (await checksum(record.text)) === record.checksum ? record : undefined;
  }

  /** Undefined if it does not match the manifest. */
  async #shard(manifest: Manifest, shard: ByteRange): Promise<ShardRecord | undefined> {
    const { checkpoint, component } = manifest;
    const value = await this.#database.value(`reading ${component}`, 'shards', [checkpoint, component, shard.begin]);
    const record = shardRecord.safeParse(value).data;
    return record && fits(record, shard, manifest) ? record : undefined;
  }
}
