import type { FileTensor } from './safetensors';

interface ReadOptions {
  signal?: AbortSignal;
  /** Called with the bytes of each piece as it arrives. */
  onBytes?: (bytes: number) => void;
}

/** A weight file at its origin. Every method throws KinoraError. */
export interface OriginFile {
  /** For messages: its address, or its path in the folder. */
  readonly url: string;
  /** Bytes; undefined if the server does not say. */
  readonly size: number | undefined;
  /** Whether the Blobs that `read` returns outlive their origin. */
  readonly lasting: boolean;
  /** How many parallel reads to make. */
  readonly readsAtOnce: number;
  /** The bytes `[begin, end)`. */
  read(begin: number, end: number, options?: ReadOptions): Promise<Blob>;
  /**
   * Reads and checks the part of the file that describes its tensors.
   * @param path in the folder, for messages
   */
  describe(path: string, signal?: AbortSignal): Promise<FileDescription>;
}

export interface FileDescription {
  /** In the order of their bytes. */
  readonly tensors: readonly FileTensor[];
  /** Distinguishes the file from others of its size that may replace it. */
  readonly validator: string;
  /** The validator covers only the description, so a replacement with an equal description would go unnoticed. */
  readonly unverified: boolean;
}

/** What the authors of a file have published about it. */
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
  /** What has been published about a weight file; undefined if nothing. */
  published(path: string, signal?: AbortSignal): Promise<PublishedFile | undefined>;
  /** Licence of the model, if the origin states it, for example `cc-by-nc-4.0`. */
  readonly licence?: string | undefined;
  /** @param problem a sentence naming the weight files that were not found */
  withoutWeights(component: string, problem: string): Error;
}
