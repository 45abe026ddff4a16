import { type FolderKind, folderKinds } from '../engine';
import type { PickedFolder } from './picked-folder';

/** Describes a folder that lacks the index file of the expected kind. */
export async function whatItIs(folder: PickedFolder, kind: FolderKind): Promise<string> {
  const { label, index } = folderKinds[kind];
  const names = await folder.names();
  const is = `The folder ${folder.name} is not a ${label}, which has a file ${index}:`;
  if (names.length === 0) return `${is} it is empty.`;
  if (kind !== 'pipeline' && (await folder.file(folderKinds.pipeline.index))) return `${is} it is a whole model.`;
  const config = await folder.file('config.json');
  if (config) return `${is} its config.json suggests that it is a part of one. Choose the folder that contains it.`;
  const snapshots = names.includes('snapshots');
  if (snapshots) return `${is} it is a hub cache. Choose the folder with the long name inside its snapshots folder.`;
  const single = names.find((name) => /\.(safetensors|ckpt|pth?)$/.test(name));
  if (single) return `${is} it holds ${single}, and Kinora cannot read models in a single file.`;
  const more = names.length > 5 ? `, … (${names.length} in all)` : '';
  return `${is} it holds ${names.slice(0, 5).join(', ')}${more}.`;
}
