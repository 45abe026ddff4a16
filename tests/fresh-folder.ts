import { afterEach, beforeEach } from 'vitest';
import type { PickedFile } from '../src/checkpoint/picked-folder';
import { freshStoreForEachTest, name } from './fresh-store';
import { modelIndex, safetensors, tensors, weightFiles } from './server/synthetic';
import { components } from './weights';

/** The current test's folder: a real directory handle, like a picker's, in the browser's own file system. */
export let folder: FileSystemDirectoryHandle;

/** To be called once in a test file: each of its tests has a folder with a small checkpoint, and an empty store. */
export function freshFolderForEachTest(): void {
  freshStoreForEachTest();

  beforeEach(async () => {
    folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
    await put('model_index.json', JSON.stringify(modelIndex));
    await put('tokenizer/merges.txt', '#version: 0.2\ni n\n');
    for (const component of components) {
      await put(`${component}/config.json`, '{}');
      await put(weightFiles[component], safetensors(tensors[component]));
    }
  });

  afterEach(async () => {
    await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true });
  });
}

async function directoryOf(path: string): Promise<[FileSystemDirectoryHandle, string]> {
  const folders = path.split('/');
  const last = folders.pop() ?? '';
  let directory = folder;
  for (const part of folders) directory = await directory.getDirectoryHandle(part, { create: true });
  return [directory, last];
}

export async function put(path: string, content: string | Uint8Array<ArrayBuffer> | Blob): Promise<void> {
  const [directory, last] = await directoryOf(path);
  const writable = await (await directory.getFileHandle(last, { create: true })).createWritable();
  await writable.write(content);
  await writable.close();
}

export async function remove(path: string): Promise<void> {
  const [directory, last] = await directoryOf(path);
  await directory.removeEntry(last, { recursive: true });
}

/** The folder as a list of files, as `<input webkitdirectory>` provides it. */
export async function list(directory = folder, path = name): Promise<PickedFile[]> {
  const files: PickedFile[] = [];
  for await (const [entryName, handle] of directory.entries()) {
    const entry = `${path}/${entryName}`;
    if (handle instanceof FileSystemDirectoryHandle) files.push(...(await list(handle, entry)));
    else if (handle instanceof FileSystemFileHandle) files.push({ path: entry, file: await handle.getFile() });
  }
  return files;
}
