import { KinoraError, throwIfCancelled } from '../shared/errors';
import type { FileDescription, Origin, OriginFile } from './origin';
import { type PickedFolder, readLocal } from './picked-folder';
import { readText } from './text-file';
import { readTensorTable } from './weight-files';

/** A diffusers folder on the visitor's disk. */
export class LocalOrigin implements Origin<LocalFile> {
  readonly #folder: PickedFolder;
  /** Files as first found: a file that changes later can no longer be read. */
  readonly #files = new Map<string, Promise<LocalFile | undefined>>();

  constructor(folder: PickedFolder) {
    this.#folder = folder;
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    const text = await this.optionalText(path, signal);
    if (text !== undefined) return text;
    throw new KinoraError('local-file', `The folder ${this.#folder.name} has no file ${path}.`);
  }

  async optionalText(path: string, signal?: AbortSignal): Promise<string | undefined> {
    throwIfCancelled(signal);
    const file = await this.#folder.file(path);
    return file && readLocal(path, () => readText(file, path));
  }

  async open(path: string, signal?: AbortSignal): Promise<LocalFile | undefined> {
    throwIfCancelled(signal);
    const known = this.#files.get(path);
    if (known) return known;
    const opened = this.#folder.file(path).then((file) => file && new LocalFile(path, file));
    this.#files.set(path, opened);
    return opened;
  }

  async published(): Promise<undefined> {
    return undefined;
  }

  withoutWeights(component: string, problem: string): KinoraError {
    return new KinoraError('local-file', `The folder ${this.#folder.name} has no weights for ${component}: ${problem}`);
  }
}

export class LocalFile implements OriginFile {
  readonly url: string;
  readonly file: File;
  /**
   * In a private window, a stored slice of a File remains a reference to the disk, and is lost with it (seen in Chromium 156).
   */
  readonly lasting = false;
  /** One at a time, so that the shards stored so far are kept when the copy is interrupted. */
  readonly readsAtOnce = 1;

  constructor(path: string, file: File) {
    this.url = path;
    this.file = file;
  }

  get size(): number {
    return this.file.size;
  }

  /** @throws KinoraError `local-file` where the file is gone or has changed */
  async read(begin: number, end: number, { onBytes }: { onBytes?: (bytes: number) => void } = {}): Promise<Blob> {
    await readLocal(this.url, () => this.file.slice(-1).arrayBuffer());
    onBytes?.(end - begin);
    return this.file.slice(begin, end);
  }

  /** @throws KinoraError `local-file` even if the file is cut off, since nothing was being downloaded */
  async describe(path: string): Promise<FileDescription> {
    const { file } = this;
    const read = async (begin: number, end: number) => new Uint8Array(await file.slice(begin, end).arrayBuffer());
    try {
      const tensors = await readLocal(path, () => readTensorTable({ size: file.size, read }, path));
      return { tensors, validator: String(file.lastModified), unverified: false };
    } catch (error) {
      if (!(error instanceof KinoraError) || error.code !== 'truncated') throw error;
      throw new KinoraError('local-file', error.message, { cause: error });
    }
  }
}
