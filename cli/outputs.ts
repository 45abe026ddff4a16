/** Output files that appear complete and all together, or not at all. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export class Outputs {
  /** Temporary name → final name. */
  readonly #files = new Map<string, string>();
  /** Folder of frames → number of frames. */
  readonly #frames = new Map<string, number>();

  /** Writes a file under a temporary name, creating missing folders. */
  add(file: string, content: Uint8Array | string): void {
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.part`;
    this.#files.set(temporary, file);
    writeFileSync(temporary, content);
  }

  /** Adds frame `index` of a folder of frames. */
  addFrame(folder: string, index: number, png: Uint8Array): void {
    this.add(path.join(folder, frameName(index)), png);
    this.#frames.set(folder, index + 1);
  }

  /** Gives the files their final names, and deletes frames that a longer video left in the same folder. */
  commit(): void {
    for (const [temporary, file] of this.#files) renameSync(temporary, file);
    this.#files.clear();
    for (const [folder, count] of this.#frames) {
      const kept = new Set(Array.from({ length: count }, (_, i) => frameName(i)));
      for (const name of readdirSync(folder)) {
        if (/^\d{3}\.png$/.test(name) && !kept.has(name)) rmSync(path.join(folder, name));
      }
    }
  }

  discard(): void {
    for (const temporary of this.#files.keys()) rmSync(temporary, { force: true });
    this.#files.clear();
  }
}

function frameName(index: number): string {
  return `${String(index).padStart(3, '0')}.png`;
}
