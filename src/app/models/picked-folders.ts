/** Picked and dropped folders, as browsers provide them. */
import type { Picked } from '../../protocol';

export interface NamedFolder {
  name: string;
  picked: Picked;
}

/** The folder chosen in `<input webkitdirectory>`; undefined if none was. */
export function listedFolder(files: FileList | null): NamedFolder | undefined {
  const picked = Array.from(files ?? [], (file) => ({ path: file.webkitRelativePath, file }));
  const [first] = picked;
  return first && { name: first.path.split('/')[0] ?? first.path, picked };
}

/** The dropped folder, if the browser provides it as a handle; undefined for anything else. */
export async function droppedFolder({ items }: DataTransfer): Promise<NamedFolder | undefined> {
  const [item] = items;
  // not in every browser, so not in TypeScript's types
  const ask: unknown = item && Reflect.get(item, 'getAsFileSystemHandle');
  if (!item || typeof ask !== 'function') return undefined;
  const handle: unknown = await ask.call(item);
  return handle instanceof FileSystemDirectoryHandle ? { name: handle.name, picked: handle } : undefined;
}
