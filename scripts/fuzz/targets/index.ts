import type { Target } from '../target';
import { adapters } from './adapters';
import { commandLine } from './command-line';
import { configs } from './configs';
import { hub } from './hub';
import { mp4 } from './mp4';
import { page } from './page';
import { pytorch } from './pytorch';
import { safetensors } from './safetensors';
import { schedulers } from './schedulers';
import { stored } from './stored';
import { tokenizers } from './tokenizers';

export const targets: readonly Target[] = [
  ...safetensors,
  ...pytorch,
  ...configs,
  ...adapters,
  ...schedulers,
  ...tokenizers,
  ...hub,
  ...stored,
  ...mp4,
  ...page,
  ...commandLine,
];
