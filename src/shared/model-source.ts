/** Where a model is: on a server, in storage as the copy of a folder, or in a folder of the visitor's disk (`Folder`). */
export type ModelSource<Folder> =
  | { readonly kind: 'remote' /** Absolute, of the diffusers folder. */; readonly url: string }
  | { readonly kind: 'stored'; readonly id: string }
  | { readonly kind: 'picked'; readonly folder: Folder };

/** What is stored has an id: of a download its address, and of the copy of a folder this and what tells the folder from others. */
export const copyScheme = 'folder:';

/** Whether what is stored under `id` is the copy of a folder, which cannot be downloaded again. */
export function isCopy(id: string): boolean {
  return id.startsWith(copyScheme);
}

export function isSameSource<Folder>(one: ModelSource<Folder>, other: ModelSource<Folder>): boolean {
  switch (one.kind) {
    case 'remote':
      return one.kind === other.kind && one.url === other.url;
    case 'stored':
      return one.kind === other.kind && one.id === other.id;
    case 'picked':
      return one.kind === other.kind && one.folder === other.folder;
  }
}
