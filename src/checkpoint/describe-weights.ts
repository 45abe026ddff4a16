import type { ComponentFiles } from '../engine';
import { KinoraError } from '../shared/errors';
import { shortened } from '../shared/quote';
import { partName } from '../storage';
import type { FileDescription, Origin, OriginFile, PublishedFile } from './origin';
import { type FoundFile, findWeights } from './weight-files';

/** A weight file of a component, whose weights have not been read yet. */
export interface DescribedFile<File = OriginFile> extends FoundFile<File>, FileDescription {
  /** The name it is stored under: the component's, or a part's. */
  readonly name: string;
  /** Number of files that hold the component's weights. */
  readonly parts: number;
  readonly published: PublishedFile | undefined;
}

/**
 * Finds the weight files of a component and reads their headers.
 * @throws KinoraError what finding and describing a file throws; `corrupt` if one does not have the published length;
 *   `invalid-checkpoint` if a tensor is in two of them
 */
export async function describeWeights<File extends OriginFile>(
  origin: Origin<File>,
  component: string,
  files: Pick<ComponentFiles, 'folder' | 'weights'>,
  signal?: AbortSignal,
): Promise<readonly DescribedFile<File>[]> {
  const found = await findWeights(origin, component, files, signal);
  const described: DescribedFile<File>[] = [];
  const seen = new Set<string>();
  for (const [index, { path, file }] of found.entries()) {
    const published = await origin.published(path, signal);
    if (published && file.size !== undefined && file.size !== published.bytes) {
      throw new KinoraError(
        'corrupt',
        `${file.url} has ${file.size} bytes, where the file that its authors have published has ${published.bytes}.`,
      );
    }
    const description = await file.describe(path, signal);
    const twice = description.tensors.find(({ name }) => seen.has(name));
    if (twice) {
      const said = shortened(twice.name);
      throw new KinoraError('invalid-checkpoint', `${path}: tensor ${said} is in another weight file too.`);
    }
    for (const { name } of description.tensors) seen.add(name);
    const name = found.length === 1 ? component : partName(component, index);
    described.push({ path, file, published, name, parts: found.length, ...description });
  }
  return described;
}
