import { type FolderKind, folderKinds } from '../engine';
import type { PickedFolder } from './picked-folder';

/** Says what a folder is that has not the file by which it would be of this kind. */
export async function whatItIs(folder: PickedFolder, kind: FolderKind): Promise<string> {
  const { label, index } = folderKinds[kind];
  const names = await folder.names();
  const is = `The folder ${folder.name} is not a ${label}, which has a file ${index}:`;
  if (names.length === 0) return `${is} it is empty.`;
  if (kind !== 'pipeline' && (await folder.file(folderKinds.pipeline.index))) return `${is} it is a whole model.`;
  const config = await folder.file('config.json');
  if (config) return `${is} with its config.json it seems to be a part of one. Choose the folder that it lies in.`;
  const snapshots = names.includes('snapshots');
  if (snapshots)
    return `${is} it is a cache of the hub. Choose the folder with the long name inside of its folder snapshots.`;
  const single = names.find((name) => /\.(safetensors|ckpt|pth?)$/.test(name));
  if (single) return `${is} it holds ${single}, and models in a single file cannot be read here.`;
  const more = names.length > 5 ? `, … (${names.length} in all)` : '';
  return `${is} it holds ${names.slice(0, 5).join(', ')}${more}.`;
}
