/** The supported layouts of adapter files, and how a file's layout is recognized. */
import { KinoraError } from '../../../shared/errors';
import { shortened } from '../../../shared/quote';
import type { AdapterTable } from '../../source';
import type { AdaptableNetworks, AdapterContent, AdapterLayout } from '../definition';
import { diffusers } from './diffusers';
import { kohya } from './kohya';
import { peft } from './peft';
import { t2vTurbo } from './t2v-turbo';

const layouts: readonly AdapterLayout[] = [peft, diffusers, kohya, t2vTurbo];

/**
 * Determines what an adapter adds to which modules.
 * @throws KinoraError `invalid-checkpoint` or `unsupported-config`, naming what is refused or the first tensor that does not fit
 */
export function readAdapter(table: AdapterTable, networks: AdaptableNetworks): AdapterContent {
  const names = [...table.tensors.keys()];
  const layout = layouts.find(({ fits }) => fits(names));
  if (layout) return layout.read(table, networks);
  throw new KinoraError(
    'invalid-checkpoint',
    `${table.path} is not a LoRA adapter in the layout of ${layouts.map(({ label }) => label).join(', ')}: its first tensor is ${shortened(names[0] ?? 'missing')}.`,
  );
}
