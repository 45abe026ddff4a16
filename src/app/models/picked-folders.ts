/** Folders as browsers hand them over. */
import type { Picked } from '../../protocol';

export interface NamedFolder {
  name: string;
  picked: Picked;
}

/** Of `<input webkitdirectory>`; undefined where nothing was chosen. */
export function listedFolder(files: FileList | null): NamedFolder | undefined {
  const picked = Array.from(files ?? [], (file) => ({ path: file.webkitRelativePath, file }));
  const [first] = picked;
  return first && { name: first.path.split('/')[0] ?? first.path, picked };
}

/** What was dropped, where the browser gives folders as handles; undefined for anything else. */
export async function droppedFolder({ items }: DataTransfer): Promise<NamedFolder | undefined> {
  const [item] = items;
  // not in every browser, so not in TypeScript's types
  const ask: unknown = item && Reflect.get(item, 'getAsFileSystemHandle');
  if (!item || typeof ask !== 'function') return undefined;
  const handle: unknown = await ask.call(item);
  return handle instanceof FileSystemDirectoryHandle ? { name: handle.name, picked: handle } : undefined;
}
