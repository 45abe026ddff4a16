import type { FileTensor } from './safetensors';

interface ReadOptions {
  signal?: AbortSignal;
  /** Called with the bytes of each piece as it arrives. */
  onBytes?: (bytes: number) => void;
}

/** A weight file where it comes from. Every method throws KinoraError. */
export interface OriginFile {
  /** For messages: its address, or its path in the folder. */
  readonly url: string;
  /** Bytes; undefined where the server does not tell. */
  readonly size: number | undefined;
  /** The Blobs that `read` gives outlive their origin. */
  readonly lasting: boolean;
  /** How many reads at once are faster than one after the other. */
  readonly readsAtOnce: number;
  /** The bytes `[begin, end)`. */
  read(begin: number, end: number, options?: ReadOptions): Promise<Blob>;
  /**
   * Reads what describes the tensors, and checks it.
   * @param path in the folder, for messages
   */
  describe(path: string, signal?: AbortSignal): Promise<FileDescription>;
}

export interface FileDescription {
  /** In the order of their bytes. */
  readonly tensors: readonly FileTensor[];
  /** Tells the file from others of its size that may come to lie in its place. */
  readonly validator: string;
  /** The validator is of the description only, so that another file with an equal one would not be noticed while it is read. */
  readonly unverified: boolean;
}

/** What the authors of a file say it is. */
export interface PublishedFile {
  readonly bytes: number;
  /** In hexadecimal; undefined for a small file, which the hub keeps in git. */
  readonly sha256: string | undefined;
}

/** Where the files of a diffusers folder come from. Every method throws KinoraError. */
export interface Origin<File extends OriginFile = OriginFile> {
  /** A small file. */
  text(path: string, signal?: AbortSignal): Promise<string>;
  /** Like `text`, but undefined where there is no such file. */
  optionalText(path: string, signal?: AbortSignal): Promise<string | undefined>;
  /** A weight file, or undefined where there is no such file. */
  open(path: string, signal?: AbortSignal): Promise<File | undefined>;
  /** What is known of a weight file from elsewhere. */
  published(path: string, signal?: AbortSignal): Promise<PublishedFile | undefined>;
  /** Under which conditions the model is given, where the origin tells; `cc-by-nc-4.0`. */
  readonly licence?: string | undefined;
  /** @param problem a sentence: which weight files were looked for in vain */
  withoutWeights(component: string, problem: string): Error;
}
