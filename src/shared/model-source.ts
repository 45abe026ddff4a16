/** Where a model is: on a server, in storage as the copy of a folder, or in a folder on the visitor's disk (`Folder`). */
export type ModelSource<Folder> =
  | { readonly kind: 'remote' /** Absolute address of the diffusers folder. */; readonly url: string }
  | { readonly kind: 'stored'; readonly id: string }
  | { readonly kind: 'picked'; readonly folder: Folder };

/** Stored models have ids: a download's is its address; that of a folder's copy is this scheme and what identifies the folder. */
export const copyScheme = 'folder:';

/** Whether the model stored under `id` is the copy of a folder, which cannot be downloaded again. */
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
