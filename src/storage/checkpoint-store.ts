import { z } from 'zod';
import { KinoraError, throwIfCancelled } from '../errors';
import { checksum } from './checksum';
import { Database, keysWithPrefix } from './database';
import { type Manifest, manifestSchema } from './manifest';

/** A byte range `[begin, end)` of a component's weight file. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** What is stored of one checkpoint. */
export interface StoredCheckpoint {
  readonly id: string;
  /** Everything that it occupies, unfinished downloads included. */
  readonly bytes: number;
  /** Components that are stored whole. */
  readonly components: readonly string[];
}

const shardRecord = z.object({
  version: z.string(),
  blob: z.instanceof(Blob),
  /** Of the blob; older versions of the page stored none. */
  checksum: z.string().optional(),
  /** State of the file's digest after this shard. */
  digestState: z.custom<Uint8Array>((value) => value instanceof Uint8Array).optional(),
});
type ShardRecord = z.infer<typeof shardRecord>;

/** `null`: the folder was asked, and has no such file. */
const textRecord = z.object({ text: z.string().nullable() });
type TextRecord = z.infer<typeof textRecord>;

/**
 * Checkpoints in IndexedDB: weight shards as Blobs, manifests, and the small text files.
 * Shards of a component without a manifest are an unfinished download: they are there to be continued, never to be used.
 * Every method throws KinoraError `storage` or `quota`.
 */
export class CheckpointStore {
  readonly #database: Database;

  /** @param name of the IndexedDB database */
  constructor(name = 'kinora') {
    this.#database = new Database(name);
  }

  /** The components of a checkpoint that are stored whole. */
  async manifests(checkpoint: string): Promise<Manifest[]> {
    const values = await this.#database.use('looking for the model', (connection) =>
      connection.getAll('manifests', keysWithPrefix(checkpoint)),
    );
    // one that another version of the page wrote in another form is no manifest: the component is loaded anew
    return values.flatMap((value) => manifestSchema.safeParse(value).data ?? []);
  }

  /** A small file: its text, null where it is known to be absent, undefined where nothing is known. */
  async text(checkpoint: string, path: string): Promise<string | null | undefined> {
    const value = await this.#database.use(`reading ${path}`, (connection) =>
      connection.get('texts', [checkpoint, path]),
    );
    return textRecord.safeParse(value).data?.text;
  }

  async putText(checkpoint: string, path: string, text: string | null): Promise<void> {
    const record: TextRecord = { text };
    await this.#database.use(`storing ${path}`, (connection) => connection.put('texts', record, [checkpoint, path]));
  }

  /**
   * Which of the manifest's shards need not be fetched again. What an earlier, different version of the file has left is
   * deleted on the way.
   */
  async storedShards(manifest: Manifest): Promise<ByteRange[]> {
    const { checkpoint, component } = manifest;
    return this.#database.use('looking for an unfinished download', async (connection) => {
      const transaction = connection.transaction('shards', 'readwrite');
      const found = new Set<ByteRange>();
      let cursor = await transaction.store.openCursor(keysWithPrefix(checkpoint, component));
      while (cursor) {
        const begin = cursor.key[2];
        const record = shardRecord.safeParse(cursor.value).data;
        const shard = manifest.shards.find((candidate) => candidate.begin === begin);
        if (shard && record && fits(record, shard, manifest)) found.add(shard);
        else await cursor.delete();
        cursor = await cursor.continue();
      }
      await transaction.done;
      return [...found];
    });
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
  async digestState(manifest: Manifest, { begin }: ByteRange): Promise<Uint8Array | undefined> {
    return (await this.#shard('looking for an unfinished download', manifest, { begin }))?.digestState;
  }

  async #shard(
    doing: string,
    manifest: Manifest,
    { begin }: Pick<ByteRange, 'begin'>,
  ): Promise<ShardRecord | undefined> {
    const { checkpoint, component } = manifest;
    const value = await this.#database.use(doing, (connection) =>
      connection.get('shards', [checkpoint, component, begin]),
    );
    return shardRecord.safeParse(value).data;
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
            'model was deleted in another tab. Load again.',
        );
      }
    });
  }

  /**
   * The shards of a stored component, in the manifest's order; undefined when they are not what the manifest says.
   * The last byte of each is read, so that a Blob whose file is gone or cut off fails here and not inside a session.
   * @throws KinoraError `storage` when a shard cannot be read twice
   */
  async openShards(manifest: Manifest): Promise<Blob[] | undefined> {
    const blobs: Blob[] = [];
    for (const shard of manifest.shards) {
      const open = () => this.#openShard(manifest, shard);
      // private windows fail at random to read a Blob back; the second try usually succeeds
      const blob = await open().catch(open);
      if (!blob) return undefined;
      blobs.push(blob);
    }
    return blobs;
  }

  async #openShard(manifest: Manifest, shard: ByteRange): Promise<Blob | undefined> {
    const { component } = manifest;
    const record = await this.#shard(`reading ${component}`, manifest, shard);
    if (!record || !fits(record, shard, manifest)) return undefined;
    try {
      await record.blob.slice(-1).arrayBuffer();
    } catch (cause) {
      throw new KinoraError(
        'storage',
        `The browser cannot read back ${component}, which it has stored. Reload the page; if that does not help, ` +
          'delete the model and load it again, and not in a private window.',
        { cause },
      );
    }
    return record.blob;
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
    const damaged: ByteRange[] = [];
    for (const shard of manifest.shards) {
      throwIfCancelled(signal);
      // looked at twice before it is deleted: private windows fail at random to read a Blob back
      const intact = (await this.#isIntact(manifest, shard)) || (await this.#isIntact(manifest, shard));
      if (!intact) damaged.push(shard);
      onBytes?.(shard.end - shard.begin);
    }
    if (damaged.length === 0) return 0;
    const { checkpoint, component } = manifest;
    await this.#database.use(`repairing ${component}`, async (connection) => {
      const transaction = connection.transaction(['shards', 'manifests'], 'readwrite');
      const shards = transaction.objectStore('shards');
      await Promise.all([
        ...damaged.map(({ begin }) => shards.delete([checkpoint, component, begin])),
        transaction.objectStore('manifests').delete([checkpoint, component]),
        transaction.done,
      ]);
    });
    return damaged.reduce((bytes, { begin, end }) => bytes + end - begin, 0);
  }

  async #isIntact(manifest: Manifest, shard: ByteRange): Promise<boolean> {
    const record = await this.#shard(`checking ${manifest.component}`, manifest, shard);
    if (!record || !fits(record, shard, manifest)) return false;
    try {
      const actual = await checksum(record.blob);
      return record.checksum === undefined || record.checksum === actual;
    } catch {
      // its file is gone, or cut off
      return false;
    }
  }

  /** Makes a component count as unfinished again. Its shards stay, to be checked and completed. */
  async removeManifest(manifest: Manifest): Promise<void> {
    const { checkpoint, component } = manifest;
    await this.#database.use(`repairing ${component}`, (connection) =>
      connection.delete('manifests', [checkpoint, component]),
    );
  }

  /** Everything that is stored, unfinished downloads too. */
  async list(): Promise<StoredCheckpoint[]> {
    return this.#database.use('listing the models', async (connection) => {
      const found = new Map<string, { bytes: number; components: string[] }>();
      const entry = (id: string) => {
        const known = found.get(id) ?? { bytes: 0, components: [] };
        found.set(id, known);
        return known;
      };
      const transaction = connection.transaction(['shards', 'manifests', 'texts']);
      // a Blob that is read by a cursor is a handle: its bytes stay on disk
      for await (const cursor of transaction.objectStore('shards')) {
        entry(cursor.key[0]).bytes += shardRecord.safeParse(cursor.value).data?.blob.size ?? 0;
      }
      for await (const cursor of transaction.objectStore('texts')) {
        entry(cursor.key[0]).bytes += textRecord.safeParse(cursor.value).data?.text?.length ?? 0;
      }
      for (const [id, component] of await transaction.objectStore('manifests').getAllKeys()) {
        entry(id).components.push(component);
      }
      await transaction.done;
      return [...found].map(([id, { bytes, components }]) => ({ id, bytes, components }));
    });
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
}

function fits(record: ShardRecord, shard: ByteRange, manifest: Manifest): boolean {
  return record.version === manifest.version && record.blob.size === shard.end - shard.begin;
}
