import { KinoraError } from '../shared/errors';

/** A file of a folder, as `<input webkitdirectory>` provides it. */
export interface PickedFile {
  /** Its webkitRelativePath: the folder's name, then the path within it. Not every browser passes it along with the File. */
  readonly path: string;
  readonly file: File;
}

/** A folder that a visitor has picked or dropped; both forms can be sent to a worker. */
export type Picked = FileSystemDirectoryHandle | readonly PickedFile[];

/** A folder on the visitor's disk. Nothing in it is read until it is asked for. */
export interface PickedFolder {
  readonly name: string;
  /**
   * @returns undefined if there is no such file
   * @throws KinoraError `local-file`
   */
  file(path: string): Promise<File | undefined>;
  /**
   * @returns up to a hundred names of files and folders in it, for messages
   * @throws KinoraError `local-file`
   */
  names(): Promise<string[]>;
}

const maxNames = 100;

export function pickedFolder(picked: Picked): PickedFolder {
  return 'kind' in picked ? new DirectoryFolder(picked) : new FileListFolder(picked);
}

class DirectoryFolder implements PickedFolder {
  readonly #handle: FileSystemDirectoryHandle;

  constructor(handle: FileSystemDirectoryHandle) {
    this.#handle = handle;
  }

  get name(): string {
    return this.#handle.name;
  }

  async file(path: string): Promise<File | undefined> {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    try {
      let directory = this.#handle;
      for (const folder of folders) directory = await directory.getDirectoryHandle(folder);
      return await (await directory.getFileHandle(name)).getFile();
    } catch (error) {
      // TypeMismatchError: a folder of that name, or a file where a folder was looked for
      if (isNamed(error, 'NotFoundError', 'TypeMismatchError')) return undefined;
      throw readFailure(error, path);
    }
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const name of this.#handle.keys()) {
        names.push(name);
        if (names.length === maxNames) break;
      }
    } catch (error) {
      throw readFailure(error, this.name);
    }
    return names;
  }
}

class FileListFolder implements PickedFolder {
  readonly name: string;
  readonly #files: ReadonlyMap<string, File>;

  constructor(files: readonly PickedFile[]) {
    this.name = files[0]?.path.split('/')[0] ?? '';
    this.#files = new Map(files.map(({ path, file }) => [path.slice(path.indexOf('/') + 1), file]));
  }

  async file(path: string): Promise<File | undefined> {
    return this.#files.get(path);
  }

  async names(): Promise<string[]> {
    return [...new Set([...this.#files.keys()].map((path) => path.split('/')[0] ?? ''))].slice(0, maxNames);
  }
}

/**
 * Reads from a file on disk.
 * @param path for messages
 * @throws KinoraError `local-file` for whatever the browser throws; KinoraErrors pass through
 */
export async function readLocal<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw readFailure(error, path);
  }
}

function readFailure(error: unknown, path: string): KinoraError {
  if (error instanceof KinoraError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  let problem = `${path} cannot be read (${reason})`;
  if (isNamed(error, 'NotFoundError')) problem = `${path} is no longer where it was when the folder was chosen`;
  if (isNamed(error, 'NotReadableError')) {
    problem = `${path} has changed since the folder was chosen, or the browser may no longer read it`;
  }
  if (isNamed(error, 'NotAllowedError', 'SecurityError')) {
    problem = `The browser asks for your permission again before it reads ${path}`;
  }
  return new KinoraError('local-file', `${problem}. Choose the folder again.`, { cause: error });
}

function isNamed(error: unknown, ...names: string[]): boolean {
  return error instanceof DOMException && names.includes(error.name);
}
