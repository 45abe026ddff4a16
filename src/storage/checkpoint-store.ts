import { KinoraError, throwIfCancelled } from '../shared/errors';
import { checksum } from './checksum';
import { Database, type Key, keysWithPrefix, type StoreName } from './database';
import { type Manifest, manifestSchema } from './manifest';
import { readBlob } from './read-blob';
import { type ByteRange, fits, type ShardRecord, shardRecord, type TextRecord, textRecord } from './records';

/** What is stored of one checkpoint. */
export interface StoredCheckpoint {
  readonly id: string;
  /** Everything that it occupies, unfinished downloads included, as far as it can be read. */
  readonly bytes: number;
  /** Components that are stored whole. */
  readonly components: readonly string[];
}

/**
 * Checkpoints in IndexedDB: weight shards as Blobs, manifests, and the small text files.
 * Shards of a component without a manifest are an unfinished download: they are there to be continued, never to be used.
 * A record that cannot be read, or is of another form, counts as one that is not there, and takes no other with it.
 * Every method throws KinoraError `storage`, `newer-storage` or `quota`.
 */
export class CheckpointStore {
  readonly #database: Database;

  /** @param name of the IndexedDB database */
  constructor(name = 'kinora') {
    this.#database = new Database(name);
  }

  /** The components of a checkpoint that are stored whole. */
  async manifests(checkpoint: string): Promise<Manifest[]> {
    const keys = await this.#keys('manifests', checkpoint);
    return (await Promise.all(keys.map((key) => this.#manifest(key)))).filter((manifest) => manifest !== undefined);
  }

  /** A small file: its text, null where it is known to be absent, undefined where nothing is known. */
  async text(checkpoint: string, path: string): Promise<string | null | undefined> {
    return (await this.#text([checkpoint, path]))?.text;
  }

  async putText(checkpoint: string, path: string, text: string | null): Promise<void> {
    // an interrupted download fetches them anew, and there may be no room for a second copy of what has not changed
    if ((await this.text(checkpoint, path)) === text) return;
    const record: TextRecord = { text, ...(text !== null && { checksum: await checksum(text) }) };
    await this.#database.use(`storing ${path}`, (connection) => connection.put('texts', record, [checkpoint, path]));
  }

  /** Small files that were stored, and are not what was stored or cannot be read. */
  async damagedTexts(checkpoint: string): Promise<string[]> {
    const damaged: string[] = [];
    for (const key of await this.#keys('texts', checkpoint)) {
      if (!(await this.#text(key))) damaged.push(key[1]);
    }
    return damaged;
  }

  /**
   * Deletes small files that are damaged, and manifests that are. If there is any, the checkpoint counts as unfinished: all of its
   * manifests go, its shards stay.
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
   * Which of the manifest's shards need not be fetched again. What an earlier, different version of the file has left is
   * deleted on the way.
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
   * @param digestState what `digestState` gives back
   */
  async putShard(manifest: Manifest, shard: ByteRange, blob: Blob, digestState?: Uint8Array): Promise<void> {
    const { checkpoint, component, version } = manifest;
    const record: ShardRecord = { version, blob, checksum: await checksum(blob), digestState };
    await this.#database.use(`storing ${component}`, (connection) =>
      connection.put('shards', record, [checkpoint, component, shard.begin]),
    );
  }

  /** What was stored with the shard. */
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
   * Stores the manifest, which makes the component whole.
   * @throws KinoraError `storage` when a shard is missing, because somebody has deleted it in the meantime
   */
  async commit(manifest: Manifest): Promise<void> {
    const { checkpoint, component } = manifest;
    await this.#database.use(`completing ${component}`, async (connection) => {
      const transaction = connection.transaction(['shards', 'manifests'], 'readwrite');
      // where a request fails first, nobody gets as far as waiting for the end
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
   * Opens the shards of a stored component. The last byte of each is read, so that a Blob whose file is gone or cut off is found
   * here and not inside a session.
   * @returns `blobs` in the manifest's order; `lost`: shards that are not what the manifest says, or cannot be read
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
      // private windows fail at random to read a Blob back; the second try usually succeeds
      manifest.shards.map(async (shard) => ({ shard, blob: (await open(shard)) ?? (await open(shard)) })),
    );
    return {
      blobs: shards.flatMap(({ blob }) => blob ?? []),
      lost: shards.flatMap(({ shard, blob }) => (blob ? [] : shard)),
    };
  }

  /**
   * Reads a stored component from its first byte to its last. Shards that are not what was stored, or cannot be read, are deleted,
   * and with them the manifest: the component then counts as unfinished.
   * @param onBytes called with the bytes of each shard that was read
   * @returns bytes of what was deleted
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
      // looked at twice before it is deleted, for the reason above
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

  /** Everything that is stored, unfinished downloads too. */
  async list(): Promise<StoredCheckpoint[]> {
    const found = new Map<string, { bytes: number; components: string[] }>();
    const entry = (id: string) => {
      const known = found.get(id) ?? { bytes: 0, components: [] };
      found.set(id, known);
      return known;
    };
    for (const key of await this.#keys('shards')) {
      // a handle: its bytes stay on disk
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

  /** Keys are kept apart from values: they can be read where values cannot. */
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

  /** Undefined where it is not what the manifest says. */
  async #shard(manifest: Manifest, shard: ByteRange): Promise<ShardRecord | undefined> {
    const { checkpoint, component } = manifest;
    const value = await this.#database.value(`reading ${component}`, 'shards', [checkpoint, component, shard.begin]);
    const record = shardRecord.safeParse(value).data;
    return record && fits(record, shard, manifest) ? record : undefined;
  }
}
