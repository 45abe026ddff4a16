import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { parseCommandLine } from '../../../cli/options';
import { areParameters } from '../../../src/engine/parameters/values';
import { jsonLike } from '../inputs';
import { expect, target } from '../target';

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-fuzz-'));
const batch = path.join(folder, 'batch.jsonl');
const line = {
  prompt: 'a',
  negative: 'b',
  steps: 5,
  seed: 7,
  guidance: 1.5,
  frames: 4,
  width: 64,
  height: 64,
  fps: 8,
  scheduler: 'DDIM',
  lora: ['a', { where: 'b', scale: 0.5 }],
  out: 'a.mp4',
};

export const commandLine = [
  target(
    'lines of a batch',
    fc.array(fc.oneof(jsonLike(line), fc.string()), { minLength: 1, maxLength: 4 }),
    (lines) => {
      const text = lines.join('\n');
      writeFileSync(batch, text);
      if (text.trim() === '') return;
      const parsed = parseCommandLine(['--batch', batch, '--out', path.join(folder, 'x.mp4')])?.lines ?? [];
      expect(parsed.length === text.split('\n').filter((one) => one.trim()).length, 'every line is there');
      for (const one of parsed) {
        if ('error' in one)
          expect(one.error !== '' && one.error.length <= 1000, `an error of ${one.error.length} characters`);
        else expect(areParameters(one.job.parameters), `${JSON.stringify(one.job.parameters)} are parameters`);
      }
    },
  ),
];
